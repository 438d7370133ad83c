"""A study is recognised by the names of its files; what is not taken is told, without patients' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.layout_tables import TABLES
from cbvsynth.study.layouts import scan
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.nifti import read_image
from cbvsynth.study.pseudonyms import load_key, pseudonym
from tests.study.study_trees import (
    FILES,
    PATIENT_NAME,
    build,
    files_of,
    reasons,
    write_image,
)

ALL = pytest.mark.parametrize("layout", list(FILES), ids=str)


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


def test_an_examination_with_the_rarer_kind_of_cbv_stays_without_it(tmp_path: Path) -> None:
    for number, kind in enumerate(["sRCBVreg", "sRCBVreg", "nRCBVreg"], start=1):
        for name in ("T1post", kind):
            write_image(tmp_path / f"PGBM-00{number}/1990/{name}.nii.gz")
    manifest = scan_study(tmp_path)
    assert [one.cbv is not None for one in manifest.examinations] == [True, True, False]
    assert "PGBM-003_1990: nRCBVreg" in reasons(manifest)


def test_the_authors_folders_get_pseudonyms_that_group_a_patients_sessions(tmp_path: Path) -> None:
    manifest = scan_study(build(tmp_path, Layout.AUTHORS))
    identifiers = [(one.exam_id, one.subject_id, one.session_id) for one in manifest.examinations]
    text = str(identifiers) + reasons(manifest) + manifest.recognised_because
    assert not any(part in text for part in ("MUELLER", "HANNELORE", "SCHMIDT", "2019", "2020"))
    assert len({exam for exam, _, _ in identifiers}) == 3
    assert len({subject for _, subject, _ in identifiers}) == 2
    assert identifiers[0][1] in {
        "p" + pseudonym(load_key(tmp_path), name) for name in (PATIENT_NAME, "SCHMIDT_OTTO")
    }


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
    assert "run-2_T2w.nii.gz: sub-012_ses-1 has another T2, which comes first" in reasons(manifest)


def test_an_examination_without_any_sequence_is_left_out(tmp_path: Path) -> None:
    build(tmp_path, Layout.BIDS)
    write_image(tmp_path / "sub-014/perf/sub-014_cbv.nii.gz")
    manifest = scan_study(tmp_path)
    assert "sub-014: no standard MRI sequence, only CBV" in reasons(manifest)
    assert len(manifest.examinations) == 2


def test_links_out_of_the_root_and_unprintable_names_are_left_out(tmp_path: Path) -> None:
    root = build(tmp_path / "data", Layout.BIDS)
    outside = tmp_path / "outside"
    write_image(outside / "image.nii.gz")
    (root / "sub-013/anat/sub-013_T2w.nii.gz").symlink_to(outside / "image.nii.gz")
    (root / "sub-015").symlink_to(outside)
    write_image(root / "sub-013/anat/sub-013_\u0007FLAIR.nii.gz")
    manifest = scan_study(root)
    text = reasons(manifest)
    assert "sub-013_T2w.nii.gz: its path leaves the data root through a link" in text
    assert "sub-015: a linked folder is not followed" in text
    assert "a file: its name is not printable" in text
    assert set(files_of(manifest.examinations[1])) == {"t1", "t1c", "cbv", "seg"}


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
    assert "DICOM is converted with cbvsynth manifest ROOT --layout dicom" in text
    assert all(table.example in text for table in TABLES.values())
    assert "HANS" not in text


def test_a_named_layout_that_fits_nothing_says_what_it_expected(tmp_path: Path) -> None:
    build(tmp_path, Layout.BRATS)
    with pytest.raises(ManifestError, match="No file is named as in UCSF-PDGM"):
        scan(tmp_path, Layout.UCSF_PDGM)


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="none' is not a folder"):
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
