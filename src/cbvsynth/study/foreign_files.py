"""What a file is that is no NIfTI image, and what helps: a guess by its first bytes, for a message."""

from __future__ import annotations

from pathlib import PurePath

START_BYTES = 512
"""How much of a file is needed to recognise it."""

_CONVERT = "Convert it to .nii.gz, as with"
_FETCH = "Not downloaded yet: run 'datalad get' (or 'git annex get') on it."
_PULL = "The image itself was not downloaded: run 'git lfs pull'."
_SAVE = "Save the image itself; the download may need a login."
# By what a file begins with, lower case where it is text.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\0\0\0\x01\0\0", "an MGH or MGZ image of FreeSurfer", f"{_CONVERT} mri_convert."),
    (b"nrrd0", "an NRRD image", f"{_CONVERT} 3D Slicer or SimpleITK."),
    (b"objecttype", "a MetaImage (.mha or .mhd)", f"{_CONVERT} 3D Slicer or SimpleITK."),
    (b"mrtrix image", "a MIF image of MRtrix", f"{_CONVERT} mrconvert."),
    (b"\x89hdf", "an HDF5 file, as of MINC 2 or MATLAB 7.3", f"{_CONVERT} mnc2nii or niftiwrite."),
    (b"cdf\x01", "a MINC image", f"{_CONVERT} mnc2nii."),
    (b"matlab 5.0", "a MATLAB file", f"{_CONVERT} niftiwrite, with the header of the image it is of."),
    (b"version https://git-lfs", "a pointer of Git LFS", _PULL),
    (b"<!doctype html", "a web page", _SAVE),
    (b"<html", "a web page", _SAVE),
    (b"<?xml", "an XML file", _SAVE),
    (b"pk\x03\x04", "a ZIP archive", "Unpack it."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it."),
    (b"rar!", "a RAR archive", "Unpack it."),
    (b"bzh", "compressed by bzip2", "Compress it by gzip instead, or not at all."),
    (b"\xfd7zxz", "compressed by xz", "Compress it by gzip instead, or not at all."),
    (b"(\xb5/\xfd", "compressed by Zstandard", "Compress it by gzip instead, or not at all."),
    (b"\x1f\x8b", "compressed by gzip twice", "Unpack it once."),
    (b"\x89png", "a PNG picture", "Expected the volume it was drawn from."),
    (b"\xff\xd8\xff", "a JPEG picture", "Expected the volume it was drawn from."),
    (b"%pdf", "a PDF document", "Expected an image."),
    (b"\x93numpy", "a NumPy array", "Write it as NIfTI, with the header of the image it is of."),
)
_BY_ENDING = {
    ".mgz": "an MGH or MGZ image",
    ".mgh": "an MGH or MGZ image",
    ".nrrd": "an NRRD image",
    ".nhdr": "an NRRD image",
    ".mha": "a MetaImage",
    ".mhd": "a MetaImage",
    ".mif": "a MIF image",
    ".mnc": "a MINC image",
}


def image_ending(ending: str) -> tuple[str, str] | None:
    """What a file of another image format is by its ending, as .mgz, and what helps; None for others."""
    if ending == ".head":
        return "the header of an AFNI image (.HEAD)", f"{_CONVERT} 3dAFNItoNIFTI."
    begins = _BY_ENDING.get(ending)
    if begins is None:
        return None
    return next((what, help_) for _, what, help_ in _BEGINNINGS if what.startswith(begins))


def describe(start: bytes) -> tuple[str, str]:
    """What a file is, empty where unknown, and what helps; from its first `START_BYTES` bytes."""
    if not start:
        return "an empty file", "Copy or export it again."
    if start[128:132] == b"DICM":
        return "a DICOM file", "Give its folder to cbvsynth manifest --layout dicom, or use dcm2niix."
    text = start.lower().lstrip(b"\xef\xbb\xbf \t\r\n")
    # A pointer of an unlocked file begins with /annex, that of a locked one is a path below .git.
    if b"annex/objects/" in text:
        return "a pointer of git-annex", _FETCH
    if text.startswith(b"type") and b"-attribute" in text:
        return "the header of an AFNI image (.HEAD)", f"{_CONVERT} 3dAFNItoNIFTI."
    for beginning, what, help_ in _BEGINNINGS:
        if text.startswith(beginning) or start.lower().startswith(beginning):
            return what, help_
    return "", "Expected .nii or .nii.gz; for DICOM there is cbvsynth manifest --layout dicom."


def missing_remedy(path: str | None) -> str:
    """What helps where a file does not exist: git-annex keeps places for what was not fetched."""
    parts = PurePath(path or "").parts
    if "annex" in parts and "objects" in parts:
        return "it is in git-annex and was not downloaded: run 'datalad get' (or 'git annex get') on it."
    return "correct its name, in the manifest where there is one, or restore the file."
