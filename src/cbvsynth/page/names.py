"""What a NIfTI file is by its name: as a known layout has it, else by the words in it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from cbvsynth.study.layout_tables import TABLES

ROLES = ("t1", "t2", "t1c", "flair", "adc", "asl", "mask", "cbv")
"""What an image may be taken as."""

_ENDING = re.compile(r"(?i)\.nii(?:\.gz)?$")
_AGENT = {"ce", "gd", "gad", "gado", "gadolinium", "contrast", "post", "postgd", "postcontrast", "km"}
_WORDS = (
    ("mask", {"mask", "brainmask"}),
    ("cbv", {"cbv", "rcbv"}),
    ("adc", {"adc"}),
    ("asl", {"cbf"}),
    ("flair", {"flair", "t2f", "t2flair"}),
    ("t1c", {"t1c", "t1ce", "t1gd", "t1post", "t1km", "t1wce"}),
    ("t2", {"t2", "t2w", "t2wi"}),
    ("t1", {"t1", "t1w", "t1n", "t1pre", "t1wi", "mprage"}),
)
_SEGMENTATION = {"seg", "dseg", "segm", "lesion", "tumor", "tumour", "label", "labels"}


def is_nifti(name: str) -> bool:
    """Whether a name is one of NIfTI."""
    return bool(_ENDING.search(name))


def role_of(name: str) -> tuple[str, str]:
    """Role and reason of a file by its path below the folder that was given; no role where none is told."""
    for table in TABLES.values():
        for rule in table.rules:
            if rule.role in ROLES and rule.pattern.fullmatch(name):
                return rule.role, f"named as in {table.title}"
    words = set(re.split(r"[^a-z0-9]+", _ENDING.sub("", PurePosixPath(name).name).lower()))
    if words & _SEGMENTATION and "brain" not in words:
        return "", "a segmentation by its name; load it as a region beside the map"
    for role, known in _WORDS:
        found = sorted(words & known)
        if found and role == "t1" and words & _AGENT:
            return "t1c", f"'{found[0]}' and '{min(words & _AGENT)}' in its name"
        if found:
            return role, f"'{found[0]}' in its name"
    return "", "its name says no sequence; choose one"
