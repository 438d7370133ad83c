"""What lies below a data root: images by their ending, and files that cannot be used, with the reason."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.domain.options import Layout
from cbvsynth.study.manifest import Manifest, scan_study
from cbvsynth.study.tree import seen, walk
from tests.study.study_trees import files_of, reasons, write_image

RAW = "sub-1/anat/sub-1_"


def _scan(root: Path, *names: str) -> tuple[Manifest, dict[str, str]]:
    for name in (RAW + "FLAIR.nii.gz", *names):
        write_image(root / name)
    manifest = scan_study(root, Layout.BIDS)
    (one,) = manifest.examinations
    return manifest, files_of(one)


def test_endings_in_capitals_are_read(tmp_path: Path) -> None:
    write_image(tmp_path / "image.nii.gz")
    (tmp_path / RAW).parent.mkdir(parents=True)
    (tmp_path / "image.nii.gz").rename(tmp_path / (RAW + "T1w.NII.GZ"))
    _, files = _scan(tmp_path)
    assert files["t1"] == RAW + "T1w.NII.GZ"


def test_a_link_to_nothing_is_no_file(tmp_path: Path) -> None:
    """Links whose content git-annex has not fetched were listed, and each dropped its examination."""
    (tmp_path / RAW).parent.mkdir(parents=True)
    (tmp_path / (RAW + "T1w.nii.gz")).symlink_to(".git/annex/objects/nothing")
    manifest, files = _scan(tmp_path)
    assert "t1" not in files
    assert "T1w.nii.gz: a link to a file that is not there; fetch it (datalad get" in reasons(manifest)
    assert "of 1 NIfTI files" in manifest.recognised_because


def test_images_of_other_formats_are_told_with_what_converts_them(tmp_path: Path) -> None:
    """A T1C that was there as .mgz alone was a T1C that was not there: nothing was said of it."""
    (tmp_path / RAW).parent.mkdir(parents=True)
    for name in ("ce-gadolinium_T1w.mgz", "T2w.mgz", "T1w.nrrd", "T1w.json", "ADC+orig.HEAD"):
        (tmp_path / (RAW + name)).write_bytes(b"")
    manifest, files = _scan(tmp_path)
    assert set(files) == {"flair"}
    left = reasons(manifest)
    assert "2 files .mgz: an MGH or MGZ image of FreeSurfer, not a NIfTI file. Convert it" in left
    assert "1 file .nrrd: an NRRD image, not a NIfTI file." in left
    assert "1 file .head: the header of an AFNI image (.HEAD), not a NIfTI file." in left
    assert ".json" not in left


def test_a_second_copy_is_named(tmp_path: Path) -> None:
    """It was one of 'other NIfTI files'; with an ending in capitals it still was."""
    (tmp_path / RAW).parent.mkdir(parents=True)
    write_image(tmp_path / "image.nii.gz")
    (tmp_path / "image.nii.gz").rename(tmp_path / (RAW + "T2w (1).NII.GZ"))
    manifest, files = _scan(tmp_path, RAW + "T1w (1).nii.gz")
    assert set(files) == {"flair"}
    assert "sub-1_T2w (1).NII.GZ: its name is that of a second copy" in reasons(manifest)
    assert "sub-1_T1w (1).nii.gz: its name is that of a second copy" in reasons(manifest)


def test_a_study_of_links_to_nothing_says_so(tmp_path: Path) -> None:
    """It was described as a study without a known layout."""
    (tmp_path / RAW).parent.mkdir(parents=True)
    for name in ("T1w", "T2w"):
        (tmp_path / (RAW + name + ".nii.gz")).symlink_to(".git/annex/objects/nothing")
    text = seen(walk(tmp_path))
    assert (
        "0 NIfTI files; 2 that cannot be used, the first because a link to a file that is not there" in text
    )


def test_dicom_without_an_ending_is_seen(tmp_path: Path) -> None:
    """Files such as IM001 were "files no ending", without a word of what to do."""
    (tmp_path / "IM001").write_bytes(b"\0" * 128 + b"DICM")
    assert walk(tmp_path).has_dicom
    assert seen(walk(tmp_path)).endswith("DICOM is converted with cbvsynth manifest ROOT --layout dicom.")
    (tmp_path / "IM001").write_bytes(b"\0" * 132)
    assert not walk(tmp_path).has_dicom


def test_the_end_of_a_name_is_no_ending(tmp_path: Path) -> None:
    """What followed the last dot was printed, as of "Befund Pat.Mueller_Hans", or the length of a name."""
    for name in (
        "Dr. Hans Mueller",
        "Befund Pat.Mueller_Hans",
        "Befund.huber",
        "scan.DCM",
        "notes.txt",
        "IM001",
    ):
        (tmp_path / name).write_bytes(b"")
    assert walk(tmp_path).others == {"of another ending": 3, ".dcm": 1, ".txt": 1, "no ending": 1}
    assert "3 files of another ending" in seen(walk(tmp_path))
