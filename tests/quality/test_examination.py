"""Numbers of an examination: which image each is of, and what real images measure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.domain.volume import Volume
from cbvsynth.quality.checks import Group
from cbvsynth.quality.expectations import Checker
from cbvsynth.quality.limits import Limits
from cbvsynth.quality.suites import check_measurements
from cbvsynth.quality.survey import survey_examination
from cbvsynth.study.nifti import read_volume, write_volume
from tests.tools import real_case


def test_the_worst_image_is_named(tmp_path: Path, study: object) -> None:
    """A reason said that one of the sequences was bad, not which."""
    original = study.clean[0]  # type: ignore[attr-defined]
    examination = replace(
        original,
        inputs={one: PurePosixPath(f"{one.value}.nii") for one in original.sequences},
        cbv=PurePosixPath("cbv.nii"),
        mask=PurePosixPath("mask.nii"),
        seg=None,
        sha256={},
    )
    for role, path in original.files.items():
        (tmp_path / f"{role}.nii").write_bytes((study.root / path).read_bytes())  # type: ignore[attr-defined]
    flair = read_volume(tmp_path / "flair.nii", "flair")
    cut = flair.data.copy()
    cut[:, :, :2] = 0.0
    write_volume(tmp_path / "flair.nii", Volume(cut, flair.affine))

    survey = survey_examination(tmp_path, examination, None, Register.OFF)

    assert survey.details["standard_zero_fraction"] == "T2-FLAIR"
    findings = check_measurements(Checker(tmp_path / "docs"), [survey], Limits())
    assert any("(T2-FLAIR), expected below 0.1" in finding.text for finding in findings)


@pytest.mark.slow
def test_a_sound_real_examination_lacks_its_map_and_fails_nothing_else(tmp_path: Path) -> None:
    """The phantom's limits dropped it for the edges of T1 and T2 and for zeros of blanked air.

    It has no CBV: T2 stands in for the map, and what is judged of a map does not count.
    """
    folder = real_case()
    files = {one: PurePosixPath(f"{one.value}.nii.gz") for one in (Mri.T1, Mri.T2, Mri.T1C, Mri.FLAIR)}
    examination = Examination(
        "real", "real", "1", files, cbv=PurePosixPath("t2.nii.gz"), mask=PurePosixPath("mask_of_t1c.nii.gz")
    )

    survey = survey_examination(folder, examination, None)

    assert survey.problems == ()
    assert 5.0 < survey.value("moved_mm") < 30.0
    findings = check_measurements(Checker(tmp_path / "docs"), [survey], Limits())
    dropped = {finding.check for finding in findings if finding.group}
    assert dropped <= {"cbv_median", "identical_images"}
    assert {finding.group for finding in findings if finding.group} <= {Group.WRONG_UNIT, Group.WRONG_FILE}
    assert survey.value("laterality") > 0.05
    assert survey.value("edge_agreement") > 0.4
