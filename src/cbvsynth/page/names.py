"""What a NIfTI file is by its name: as a known layout has it, else by the words in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.study.layout_tables import TABLES

ROLES = ("t1", "t2", "t1c", "flair", "adc", "asl", "mask", "cbv")
"""What an image may be taken as."""

_ENDING = re.compile(r"(?i)\.nii(?:\.gz)?$")
_AGENT = {"ce", "gd", "gad", "gado", "gadolinium", "contrast", "post", "postgd", "postcontrast", "km"}
_RELATIVE = frozenset({"rcbv", "relcbv"})
_WORDS = (
    ("mask", {"mask", "brainmask"}),
    ("cbv", {"cbv", *_RELATIVE}),
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


@dataclass(frozen=True)
class Named:
    """What a file is, and how that was told; no role where nothing tells it.

    scale: factor from stored voxels to the role's quantity. unit: of a CBV map, where something tells it.
    """

    role: str
    reason: str
    scale: float = 1.0
    unit: TargetUnit | None = None


def named(name: str) -> Named:
    """What a file is by its path below the folder that was given."""
    for table in TABLES.values():
        for rule in table.rules:
            if rule.role in ROLES and rule.pattern.fullmatch(name):
                unit = table.target_unit if rule.role == "cbv" else None
                return Named(rule.role, f"named as in {table.title}", rule.scale, unit)
    words = set(re.split(r"[^a-z0-9]+", _ENDING.sub("", PurePosixPath(name).name).lower()))
    if words & _SEGMENTATION and "brain" not in words:
        return Named("", "a segmentation by its name; load it as a region beside the map")
    for role, known in _WORDS:
        found = sorted(words & known)
        if found and role == "t1" and words & _AGENT:
            return Named("t1c", f"'{found[0]}' and '{min(words & _AGENT)}' in its name")
        if found:
            unit = TargetUnit.RELATIVE if words & _RELATIVE else None
            return Named(role, f"'{found[0]}' in its name", unit=unit)
    return Named("", "its name says no sequence; choose one")
