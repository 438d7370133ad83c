"""The files below a data root, and those among them that cannot be used."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.errors import ManifestError
from cbvsynth.study.paths import path_problem

_NIFTI_ENDS = (".nii", ".nii.gz")
_SKIPPED_FOLDERS = frozenset({"sourcedata"})
_LOOKED_INTO = 200
"""Files that are no NIfTI by their name and are opened to see whether they are DICOM. Our choice."""
# What follows the last dot of another name may be a patient's.
_KNOWN_ENDING = re.compile(
    r"\.(?:7z|bmp|brik|bval|bvec|csv|dcm|dicom|docx?|gif|gz|h5|hdf5|hdr|head|html?|ima|img|jpe?g|json|log|"
    r"mat|mg[hz]|mh[ad]|mif|minc|mnc|nhdr|np[yz]|nrrd|par|parquet|pdf|pkl|png|pptx?|rar|raw|rec|rtf|stl|tar|"
    r"tck|tgz|tiff?|trk|tsv|txt|vtk|xlsx?|xml|xz|ya?ml|zip)"
)
_COPY = re.compile(r" ?(?:\(\d+\)| - Copy| copy(?: \d+)?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Tree:
    """NIfTI files below the root (POSIX, sorted), other files by ending, and what cannot be used.

    `has_dicom`: whether one of the first other files is DICOM, whatever its ending.
    """

    images: tuple[str, ...]
    others: Counter[str]
    unusable: tuple[tuple[str, str], ...]
    has_dicom: bool = False


def walk(root: Path) -> Tree:
    """List a study's files; hidden folders and `sourcedata` are not looked at.

    Raises:
        ManifestError: the folder is missing, or a folder in it cannot be listed.
    """
    if not root.is_dir():
        raise ManifestError(f"The data root '{root}' is not a folder; expected the folder of a study.")

    def unreadable(error: OSError) -> None:
        raise ManifestError(
            f"A folder of the data root cannot be read ({error.strerror}); change its permissions."
        ) from error

    images: list[str] = []
    others: Counter[str] = Counter()
    unusable: list[tuple[str, str]] = []
    has_dicom = False
    looked_into = 0
    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        unusable += [
            (str(relative / name), "a linked folder is not followed; copy it into the data root")
            for name in subfolders
            if Path(folder, name).is_symlink()
        ]
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(name for name in files if not name.startswith(".")):
            path = relative / name
            if not name.lower().endswith(_NIFTI_ENDS):
                has_dicom = has_dicom or (looked_into < _LOOKED_INTO and _is_dicom(Path(folder, name)))
                looked_into += 1
                others[_ending(name)] += 1
                continue
            problem = _file_problem(root, path)
            if not str(path).isprintable():
                unusable.append(("a file", "its name is not printable UTF-8 text; rename it"))
            elif problem:
                unusable.append((str(path), problem))
            else:
                images.append(str(path))
    return Tree(tuple(sorted(images)), others, tuple(unusable), has_dicom)


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if _KNOWN_ENDING.fullmatch(ending) else "of another ending" if ending else "no ending"


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as source:
            return source.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _file_problem(root: Path, path: PurePosixPath) -> str:
    """Why a file is not listed; empty when it is."""
    if (root / path).is_symlink():
        problem = path_problem(root, path)
        if problem:
            return f"its path {problem}; copy the file into the data root"
        if not (root / path).exists():
            return (
                "a link to a file that is not there; fetch it (datalad get, git annex get) or remove the link"
            )
    if _COPY.search(re.split(r"\.nii", path.name, maxsplit=1, flags=re.IGNORECASE)[0]):
        return "its name is that of a second copy; delete it, or give it the name that is meant"
    return ""


def seen(tree: Tree) -> str:
    """What a tree holds, in shapes of names: letters become x, digits 9, as names may be patients'."""
    shapes = Counter(
        re.sub(r"[^\W\d_]+", "x", re.sub(r"\d+", "9", path.removesuffix(".gz").removesuffix(".nii")))
        for path in tree.images
    )
    parts = [f"{len(tree.images)} NIfTI files"]
    if shapes:
        parts[0] += " of shapes such as " + ", ".join(shape + ".nii" for shape, _ in shapes.most_common(3))
    parts += [f"{count} files {ending}" for ending, count in tree.others.most_common(3)]
    if tree.unusable:
        parts.append(f"{len(tree.unusable)} that cannot be used, the first because {tree.unusable[0][1]}")
    is_there = tree.has_dicom or ".dcm" in tree.others
    dicom = " DICOM is converted with cbvsynth manifest ROOT --layout dicom." if is_there else ""
    return f"Found {'; '.join(parts)}.{dicom}"
