"""The unit of a CBV map is the one that the nearest sidecar states."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.nifti import read_image
from tests.study.listings import listed
from tests.study.study_trees import build, reasons, write_image


@pytest.mark.parametrize(
    ("suffix", "units", "expected"),
    [
        ("cbv", "mL/100 g", TargetUnit.ML_PER_100G),
        ("CBV", "ml/100g", TargetUnit.ML_PER_100G),
        ("cbv", "relative", TargetUnit.RELATIVE),
        ("cbv", "arbitrary units", TargetUnit.RELATIVE),
        ("cbv", None, TargetUnit.RELATIVE),
        ("cbv", "", TargetUnit.RELATIVE),
        ("cbv", "n/a", TargetUnit.RELATIVE),
        ("rCBV", None, TargetUnit.RELATIVE),
    ],
)
def test_the_unit_of_a_bids_map_is_the_one_stated_and_relative_when_none_is(
    tmp_path: Path, suffix: str, units: str | None, expected: TargetUnit
) -> None:
    write_image(tmp_path / "sub-1/anat/sub-1_T1w.nii")
    write_image(tmp_path / "sub-2/anat/sub-2_T1w.nii")
    write_image(tmp_path / f"sub-1/perf/sub-1_{suffix}.nii.gz")
    if units is not None:
        (tmp_path / f"{suffix}.json").write_text(f'{{"Units": "{units}"}}', encoding="utf-8")
    assert [one.target_unit for one in scan_study(tmp_path).examinations] == [expected, expected]


@pytest.mark.parametrize(
    ("sidecar", "reason"),
    [
        ('{"Units": "mL/min"}', "states Units 'mL/min'; expected mL/100g, mL/100mL or relative"),
        ("{not json", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_a_map_in_an_unknown_unit_leaves_its_examination_out(
    tmp_path: Path, sidecar: str, reason: str
) -> None:
    build(tmp_path, Layout.BIDS)
    (tmp_path / "sub-012/ses-1/perf/sub-012_ses-1_cbv.json").write_text(sidecar, encoding="utf-8")
    manifest = scan_study(tmp_path)
    assert [one.exam_id for one in manifest.examinations] == ["sub-013"]
    assert reason in reasons(manifest)


def test_the_nearest_sidecar_counts_and_one_of_another_run_does_not(tmp_path: Path) -> None:
    write_image(tmp_path / "sub-1/anat/sub-1_T1w.nii")
    write_image(tmp_path / "sub-1/perf/sub-1_run-1_cbv.nii.gz")
    (tmp_path / "cbv.json").write_text('{"Units": "relative"}', encoding="utf-8")
    (tmp_path / "sub-1/perf/sub-1_run-2_cbv.json").write_text('{"Units": "a.u."}', encoding="utf-8")
    (tmp_path / "sub-1/perf/sub-1_cbv.json").write_text('{"Units": "mL/100g"}', encoding="utf-8")
    assert scan_study(tmp_path).examinations[0].target_unit is TargetUnit.ML_PER_100G
    (tmp_path / "sub-1/perf/sub-1_cbv.json").write_text('{"Author": "x"}', encoding="utf-8")
    assert scan_study(tmp_path).examinations[0].target_unit is TargetUnit.RELATIVE


@pytest.mark.parametrize("units", ["mL/100 mL", "%"])
def test_a_volume_share_becomes_mass_by_the_density_of_tissue(tmp_path: Path, units: str) -> None:
    """Such a study had no examination at all, without a word of the unit."""
    write_image(tmp_path / "sub-1/anat/sub-1_T1w.nii")
    write_image(tmp_path / "sub-1/perf/sub-1_cbv.nii.gz", 4.2)
    (tmp_path / "cbv.json").write_text(f'{{"Units": "{units}"}}', encoding="utf-8")
    (one,) = scan_study(tmp_path).examinations
    assert one.target_unit is TargetUnit.ML_PER_100G
    assert float(read_image(tmp_path, one, "cbv").data[0, 0, 0]) == pytest.approx(4.0)


def test_when_no_unit_is_known_the_unit_is_named(tmp_path: Path) -> None:
    """The message said that the study lists no examination, and not why."""
    write_image(tmp_path / "sub-1/anat/sub-1_T1w.nii")
    write_image(tmp_path / "sub-1/perf/sub-1_cbv.nii.gz")
    (tmp_path / "cbv.json").write_text('{"Units": "mL/min"}', encoding="utf-8")
    with pytest.raises(
        ManifestError, match=r"Every examination is left out, .* states Units 'mL/min'; expected"
    ):
        scan_study(tmp_path)


def test_a_folder_is_listed_as_often_in_a_large_study_as_in_a_small_one(tmp_path: Path) -> None:
    """Each image that asked for a sidecar listed the data root, which holds a folder for each patient."""
    counts = []
    for patients in (2, 6):
        root = tmp_path / f"of-{patients}"
        for number in range(patients):
            subject = f"sub-{number}"
            write_image(root / f"{subject}/anat/{subject}_T1w.nii")
            write_image(root / f"{subject}/perf/{subject}_cbv.nii")
            write_image(root / f"derivatives/tumour/{subject}/anat/{subject}_desc-lesion_dseg.nii")
        with listed() as folders:
            assert len(scan_study(root).examinations) == patients
        counts.append([folders.count(root / shared) for shared in ("", "derivatives", "derivatives/tumour")])
    assert counts[0] == counts[1]
    assert min(counts[0]) > 0
