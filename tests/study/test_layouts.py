"""Every known study is recognised by the names of its files, and each file goes where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ManifestError
from cbvsynth.study.layout_tables import TABLES
from cbvsynth.study.layouts import scan
from cbvsynth.study.manifest import Manifest, scan_study
from cbvsynth.study.nifti import read_image
from cbvsynth.study.pseudonyms import load_key, pseudonym
from tests.study.study_trees import (
    BRATS,
    FILES,
    KEY,
    PATIENT_NAME,
    PGBM,
    UCSD,
    UCSF,
    UPENN,
    build,
    write_image,
)

ALL = pytest.mark.parametrize("layout", list(FILES), ids=str)


def _reasons(manifest: Manifest) -> str:
    return "\n".join(f"{one.what}: {one.reason}" for one in manifest.left_out)


def _files(examination: Examination) -> dict[str, str]:
    return {role: str(path) for role, path in examination.files.items()}


@ALL
def test_auto_recognises_each_layout_and_finds_what_naming_it_finds(tmp_path: Path, layout: Layout) -> None:
    build(tmp_path, layout)
    automatic = scan_study(tmp_path)
    assert automatic.layout is layout
    assert TABLES[layout].example in automatic.recognised_because
    assert automatic == scan_study(tmp_path, layout)


@ALL
def test_every_file_that_is_listed_can_be_read(tmp_path: Path, layout: Layout) -> None:
    build(tmp_path, layout)
    manifest = scan_study(tmp_path)
    for examination in manifest.examinations:
        for role in examination.files:
            assert read_image(tmp_path, examination, role).shape == (2, 2, 2)


def test_there_is_a_table_for_every_layout_but_auto() -> None:
    assert set(TABLES) == set(Layout) - {Layout.AUTO}
    assert set(FILES) == set(TABLES)


def test_bids_raw_files_and_derivatives_come_together(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.BIDS))
    first, second = manifest.examinations
    assert (first.exam_id, first.subject_id, first.session_id) == ("sub-012_ses-1", "sub-012", "ses-1")
    assert _files(first) == {
        "t1": "sub-012/ses-1/anat/sub-012_ses-1_T1w.nii.gz",
        "t2": "sub-012/ses-1/anat/sub-012_ses-1_T2w.nii.gz",
        "t1c": "sub-012/ses-1/anat/sub-012_ses-1_ce-gadolinium_T1w.nii.gz",
        "flair": "sub-012/ses-1/anat/sub-012_ses-1_FLAIR.nii.gz",
        "adc": "sub-012/ses-1/dwi/sub-012_ses-1_ADC.nii.gz",
        "cbv": "sub-012/ses-1/perf/sub-012_ses-1_cbv.nii.gz",
        "mask": "derivatives/hd-bet/sub-012/ses-1/anat/sub-012_ses-1_desc-brain_mask.nii.gz",
        "seg": "derivatives/tumour/sub-012/ses-1/anat/sub-012_ses-1_desc-lesion_dseg.nii.gz",
    }
    assert (second.exam_id, second.session_id) == ("sub-013", "")
    assert _files(second) == {
        "t1": "sub-013/anat/sub-013_acq-se_T1w.nii",
        "t1c": "sub-013/anat/sub-013_acq-se_ce-GADOLINIUM_run-1_T1w.nii",
        "cbv": "derivatives/bookend/sub-013/perf/sub-013_space-T1w_CBV.nii.gz",
        "seg": "derivatives/tumour/sub-013/anat/sub-013_space-T1w_label-lesion_mask.nii.gz",
    }
    assert {one.target_unit for one in manifest.examinations} == {TargetUnit.ML_PER_100G}
    assert manifest.left_out == ()


def test_upenn_takes_a_third_of_the_trace_as_adc(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.UPENN_GBM)).examinations
    assert (one.exam_id, one.subject_id, one.session_id) == (UPENN, "UPENN-GBM-00001", "11")
    assert _files(one) == {
        "t1": f"images_structural/{UPENN}/{UPENN}_T1.nii.gz",
        "t2": f"images_structural/{UPENN}/{UPENN}_T2.nii.gz",
        "t1c": f"images_structural/{UPENN}/{UPENN}_T1GD.nii.gz",
        "flair": f"images_structural/{UPENN}/{UPENN}_FLAIR.nii.gz",
        "adc": f"images_DTI/images_DTI/{UPENN}/{UPENN}_DTI_TR.nii.gz",
        "cbv": f"images_DSC/{UPENN}/{UPENN}_DSC_ap-rCBV.nii.gz",
        "seg": f"images_segm/{UPENN}_segm.nii.gz",
    }
    assert one.scales == {"adc": 1.0 / 3.0}
    assert one.enhancing_label == 4
    assert one.target_unit is TargetUnit.RELATIVE
    write_image(tmp_path / str(one.files["adc"]), 2400.0)
    assert float(read_image(tmp_path, one, "adc").data[0, 0, 0]) == pytest.approx(800.0)


def test_a_collection_is_found_below_its_download_folder_too(tmp_path: Path) -> None:
    build(tmp_path / "NIfTI-files", Layout.UPENN_GBM)
    (one,) = scan_study(tmp_path).examinations
    assert str(one.files["t1"]).startswith("NIfTI-files/images_structural/")


def test_ucsd_files(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.UCSD_PTGBM)).examinations
    names = ("T1pre", "T2", "T1post", "FLAIR", "ADC_vendor", "CBV_LC", "BraTS_tumor_seg")
    roles = ("t1", "t2", "t1c", "flair", "adc", "cbv", "seg")
    assert _files(one) == {
        role: f"{UCSD}/{UCSD}_{name}.nii.gz" for role, name in zip(roles, names, strict=True)
    }
    assert (one.exam_id, one.target_unit) == (UCSD, TargetUnit.RELATIVE)


def test_brain_tumor_progression_files_and_one_kind_of_cbv(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.BRAIN_TUMOR_PROGRESSION))
    (one,) = manifest.examinations
    names = ("T1prereg", "T2reg", "T1post", "FLAIRreg", "ADCreg", "nRCBVreg", "MaskTumor")
    roles = ("t1", "t2", "t1c", "flair", "adc", "cbv", "seg")
    assert _files(one) == {role: f"{PGBM}/{name}.nii.gz" for role, name in zip(roles, names, strict=True)}
    assert one.exam_id == "PGBM-001_04-02-1992-NA-MR-BRAIN"
    assert "sRCBVreg: kinds of CBV map never mix; this study's is nRCBVreg" in _reasons(manifest)


def test_an_examination_with_the_rarer_kind_of_cbv_stays_without_it(tmp_path: Path) -> None:
    for number, kind in enumerate(["sRCBVreg", "sRCBVreg", "nRCBVreg"], start=1):
        for name in ("T1post", kind):
            write_image(tmp_path / f"PGBM-00{number}/1990/{name}.nii.gz")
    manifest = scan_study(tmp_path)
    assert [one.cbv is not None for one in manifest.examinations] == [True, True, False]
    assert "PGBM-003_1990: nRCBVreg" in _reasons(manifest)


def test_ucsf_has_no_cbv_and_takes_the_bias_corrected_images(tmp_path: Path) -> None:
    one, follow_up = scan_study(build(tmp_path, Layout.UCSF_PDGM)).examinations
    names = ("T1_bias", "T2_bias", "T1c_bias", "FLAIR_bias", "ADC", "tumor_segmentation")
    roles = ("t1", "t2", "t1c", "flair", "adc", "seg")
    assert _files(one) == {
        role: f"{UCSF}_nifti/{UCSF}_{name}.nii.gz" for role, name in zip(roles, names, strict=True)
    }
    assert (follow_up.subject_id, follow_up.session_id) == (UCSF, "FU003d")


def test_brats_files(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path, Layout.BRATS)).examinations
    roles = {"t1": "t1n", "t2": "t2w", "t1c": "t1c", "flair": "t2f", "seg": "seg"}
    assert _files(one) == {role: f"{BRATS}/{BRATS}-{name}.nii.gz" for role, name in roles.items()}
    assert (one.exam_id, one.subject_id, one.session_id) == (BRATS, "BraTS-GLI-00000", "000")


def test_the_authors_folders_with_every_spelling(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.AUTHORS))
    found = {tuple(_files(one).items()) for one in manifest.examinations}
    first, second = f"{PATIENT_NAME}/20190304", f"{PATIENT_NAME}/20200607"
    assert found == {
        (
            ("t1", f"{first}/T1WI.nii.gz"),
            ("t2", f"{first}/T2WI.nii.gz"),
            ("t1c", f"{first}/T1WI+C.nii.gz"),
            ("flair", f"{first}/T2_FLAIR.nii.gz"),
            ("adc", f"{first}/ADC.nii.gz"),
            ("cbv", f"{first}/CBV.nii.gz"),
            ("mask", f"{first}/bmT1WI.nii.gz"),
        ),
        (
            ("t1", f"{second}/T1WI.nii"),
            ("t1c", f"{second}/T1_C.nii"),
            ("flair", f"{second}/T2WI_FLAIR.nii"),
        ),
        (("t1c", "SCHMIDT_OTTO/20190101/T1WI_C.nii.gz"),),
    }
    assert {one.target_unit for one in manifest.examinations} == {TargetUnit.ML_PER_100G}


def test_the_authors_folders_get_pseudonyms_that_group_a_patients_sessions(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.AUTHORS))
    identifiers = [(one.exam_id, one.subject_id, one.session_id) for one in manifest.examinations]
    text = str(identifiers) + _reasons(manifest) + manifest.recognised_because
    assert not any(part in text for part in ("MUELLER", "HANNELORE", "SCHMIDT", "2019", "2020"))
    assert len({exam for exam, _, _ in identifiers}) == 3
    assert len({subject for _, subject, _ in identifiers}) == 2
    assert identifiers[0][1] in {
        "p" + pseudonym(load_key(tmp_path), name) for name in (PATIENT_NAME, "SCHMIDT_OTTO")
    }


def test_pseudonyms_depend_on_the_key_and_on_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, Layout.AUTHORS)
    from_file = scan_study(tmp_path).examinations
    assert scan_study(tmp_path).examinations == from_file
    monkeypatch.setenv("CBVSYNTH_PSEUDONYM_KEY", "another key, just as long")
    from_environment = scan_study(tmp_path).examinations
    assert not {one.subject_id for one in from_file} & {one.subject_id for one in from_environment}
    (tmp_path / ".pseudonym-key").unlink()
    assert scan_study(tmp_path).examinations == from_environment
    monkeypatch.setenv("CBVSYNTH_PSEUDONYM_KEY", KEY)
    assert scan_study(tmp_path).examinations == from_file


def test_pseudonyms_separate_their_parts() -> None:
    key = bytes(32)
    assert pseudonym(key, "ab", "c") != pseudonym(key, "a", "bc")
    assert pseudonym(key, "ab") == pseudonym(key, "ab") != pseudonym(key, "ba")


def test_without_a_usable_key_the_message_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CBVSYNTH_PSEUDONYM_KEY", raising=False)
    key = build(tmp_path, Layout.AUTHORS) / ".pseudonym-key"
    key.unlink()
    with pytest.raises(ManifestError, match=r"secrets\.token_hex") as caught:
        scan_study(tmp_path)
    assert "MUELLER" not in str(caught.value)
    key.write_text("short", encoding="utf-8")
    with pytest.raises(ManifestError, match="has 5 characters; expected 16 or more"):
        scan_study(tmp_path)
    key.write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(ManifestError, match="cannot be read as text"):
        scan_study(tmp_path)


def test_an_fmri_series_called_cbv_is_refused_with_the_reason(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-013/func/sub-013_task-rest_cbv.nii.gz")
    manifest = scan_study(tmp_path)
    assert (
        "sub-013/func/sub-013_task-rest_cbv.nii.gz: func/*_cbv is a blood-volume-weighted fMRI"
        in _reasons(manifest)
    )
    assert all("func" not in str(one.cbv) for one in manifest.examinations)


def test_an_unknown_contrast_agent_is_neither_t1_nor_t1c(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-014/anat/sub-014_ce-feraheme_T1w.nii.gz")
    manifest = scan_study(tmp_path)
    assert len(manifest.examinations) == 2
    assert "unknown contrast agent" in _reasons(manifest)


@pytest.mark.parametrize(
    ("suffix", "units", "expected"),
    [
        ("cbv", "mL/100 g", TargetUnit.ML_PER_100G),
        ("CBV", "ml/100g", TargetUnit.ML_PER_100G),
        ("cbv", "relative", TargetUnit.RELATIVE),
        ("cbv", "arbitrary units", TargetUnit.RELATIVE),
        ("cbv", None, TargetUnit.RELATIVE),
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
        ('{"Units": "mL/100mL"}', "states Units 'mL/100mL'"),
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
    assert reason in _reasons(manifest)


def test_the_nearest_sidecar_counts_and_one_of_another_run_does_not(tmp_path: Path) -> None:
    write_image(tmp_path / "sub-1/anat/sub-1_T1w.nii")
    write_image(tmp_path / "sub-1/perf/sub-1_run-1_cbv.nii.gz")
    (tmp_path / "cbv.json").write_text('{"Units": "relative"}', encoding="utf-8")
    (tmp_path / "sub-1/perf/sub-1_run-2_cbv.json").write_text('{"Units": "a.u."}', encoding="utf-8")
    (tmp_path / "sub-1/perf/sub-1_cbv.json").write_text('{"Units": "mL/100g"}', encoding="utf-8")
    assert scan_study(tmp_path).examinations[0].target_unit is TargetUnit.ML_PER_100G
    (tmp_path / "sub-1/perf/sub-1_cbv.json").write_text('{"Author": "x"}', encoding="utf-8")
    assert scan_study(tmp_path).examinations[0].target_unit is TargetUnit.RELATIVE


def test_maps_of_two_units_in_one_study_are_refused(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    (tmp_path / "derivatives/bookend/CBV.json").write_text('{"Units": "relative"}', encoding="utf-8")
    with pytest.raises(
        ManifestError, match="sub-013, column target_unit: 'relative', but 'mL/100g' in sub-012"
    ):
        scan_study(tmp_path)


def test_a_second_file_for_one_role_is_told(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-012/ses-1/anat/sub-012_ses-1_run-2_T2w.nii.gz")
    manifest = scan_study(tmp_path)
    assert str(manifest.examinations[0].files["t2"]).endswith("ses-1_T2w.nii.gz")
    assert "run-2_T2w.nii.gz: sub-012_ses-1 has another T2, which comes first" in _reasons(manifest)


def test_an_examination_without_any_sequence_is_left_out(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-014/perf/sub-014_cbv.nii.gz")
    manifest = scan_study(tmp_path)
    assert "sub-014: no standard MRI sequence, only CBV" in _reasons(manifest)
    assert len(manifest.examinations) == 2


def test_links_out_of_the_root_and_unprintable_names_are_left_out(tmp_path: Path) -> None:
    root = build(tmp_path / "data", Layout.BIDS)
    outside = tmp_path / "outside"
    write_image(outside / "image.nii.gz")
    (root / "sub-013/anat/sub-013_T2w.nii.gz").symlink_to(outside / "image.nii.gz")
    (root / "sub-015").symlink_to(outside)
    write_image(root / "sub-013/anat/sub-013_\u0007FLAIR.nii.gz")
    manifest = scan_study(root)
    reasons = _reasons(manifest)
    assert "sub-013_T2w.nii.gz: its path leaves the data root through a link" in reasons
    assert "sub-015: a linked folder is not followed" in reasons
    assert "a file: its name is not printable" in reasons
    assert set(_files(manifest.examinations[1])) == {"t1", "t1c", "cbv", "seg"}


def test_hidden_folders_and_source_data_are_not_looked_at(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    build(tmp_path / "sourcedata", Layout.UCSD_PTGBM)
    build(tmp_path / ".git", Layout.BRATS)
    assert scan_study(tmp_path).layout is Layout.BIDS


def test_two_layouts_in_one_folder_must_be_told_apart(tmp_path: Path) -> None:
    build(tmp_path, Layout.BRATS)
    build(tmp_path, Layout.UCSD_PTGBM)
    with pytest.raises(
        ManifestError, match=r"more than one layout: ucsd-ptgbm \(5 files\), brats \(4 files\)"
    ):
        scan_study(tmp_path)
    assert len(scan_study(tmp_path, Layout.BRATS).examinations) == 1


def test_an_unknown_tree_is_described_without_its_names_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    write_image(tmp_path / "HANS_MAIER/19700101/scan7.nii.gz")
    (tmp_path / "slice.dcm").write_bytes(b"")
    with pytest.raises(ManifestError) as caught:
        scan_study(tmp_path)
    text = str(caught.value)
    assert "1 NIfTI files of shapes such as x_x/9/x9.nii" in text
    assert "DICOM must be converted first" in text
    assert all(table.example in text for table in TABLES.values())
    assert "HANS" not in text


def test_a_named_layout_that_fits_nothing_says_what_it_expected(tmp_path: Path) -> None:
    build(tmp_path, Layout.BRATS)
    with pytest.raises(ManifestError, match="No file is named as in UCSF-PDGM"):
        scan(tmp_path, Layout.UCSF_PDGM)


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="'none' is not a folder"):
        scan(tmp_path / "none")


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path: Path) -> None:
    import os

    build(tmp_path, Layout.BRATS)
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    user = os.geteuid()
    for folder in [tmp_path, *list(tmp_path.parents)[:-1]]:
        if user == 0 and folder.owner() == "root" and "pytest" in str(folder):
            folder.chmod(0o755)
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(ManifestError, match="folder of the data root cannot be read"):
            scan(tmp_path)
    finally:
        os.seteuid(user)
        closed.chmod(0o755)


def test_the_reference_page_shows_every_layout_with_its_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "layouts.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        assert f"| `{table.layout}` |" in page
        assert f"`{table.example}`" in page
