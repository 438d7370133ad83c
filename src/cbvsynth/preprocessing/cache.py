"""The folder of one examination in the cache: written whole or not at all, found again by fingerprint.

Beside the arrays that `io.examinations` documents lies examination.json with the facts about them. It
lets a later run see that nothing changed, and tells our folders from anybody else's.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from cbvsynth.domain.sequences import Sequence
from cbvsynth.preprocessing.arrays import ArrayFacts, ExaminationArrays
from cbvsynth.records.storage import atomic_folder, write_json

Number = TypeVar("Number", int, float)

FACTS_FILE = "examination.json"

_ARRAY_NAMES = (*(sequence.value for sequence in Sequence), "cbv", "mask", "seg")
_OUR_FILES = frozenset({FACTS_FILE, *(f"{name}.npy" for name in _ARRAY_NAMES)})
_TEMPORARY_FOLDER = re.compile(r"\..+\.(old\.)?[a-z0-9_]{8}")
_OUR_TEMPORARY_FILES = (".index.json.", ".report.json.", ".report.md.")


def write_arrays(folder: Path, prepared: ExaminationArrays) -> None:
    """Put an examination's arrays into a folder, replacing the whole folder at once."""
    with atomic_folder(folder) as temporary:
        for name, array in prepared.arrays.items():
            np.save(temporary / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        write_json(temporary / FACTS_FILE, asdict(prepared.facts))


def read_current_facts(folder: Path, fingerprint: str) -> ArrayFacts | None:
    """Facts of a folder that is whole and has the fingerprint; None when it must be made again."""
    try:
        content = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        facts = _facts(content)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = facts.fingerprint == fingerprint and all(_is_whole(folder, name, facts) for name in facts.arrays)
    return facts if whole else None


def remove_leftovers(out: Path, wanted: Collection[str]) -> tuple[str, ...]:
    """Remove our folders that are not wanted any more and what a killed run left; name the former.

    What is not ours stays: only folders that hold nothing but files of a cached examination are removed.
    """
    removed = []
    for entry in sorted(out.iterdir()) if out.is_dir() else ():
        if entry.is_symlink():
            continue
        if entry.is_file() and entry.name.startswith(_OUR_TEMPORARY_FILES):
            entry.unlink()
        elif entry.is_dir() and entry.name not in wanted and _is_ours(entry):
            shutil.rmtree(entry)
            if not entry.name.startswith("."):
                removed.append(entry.name)
    return tuple(removed)


def _is_ours(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir()}
    if _TEMPORARY_FOLDER.fullmatch(folder.name):
        return all(name in _OUR_FILES or name.startswith(f".{FACTS_FILE}.") for name in names)
    return FACTS_FILE in names and names <= _OUR_FILES


def _is_whole(folder: Path, name: str, facts: ArrayFacts) -> bool:
    try:
        array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return bool(array.shape == facts.shape)


def _facts(content: dict[str, object]) -> ArrayFacts:
    values = {field.name: content[field.name] for field in fields(ArrayFacts)}
    return ArrayFacts(
        fingerprint=str(values["fingerprint"]),
        arrays=tuple(str(name) for name in _items(values["arrays"])),
        shape=_three(values["shape"], int),
        spacing_mm=_three(values["spacing_mm"], float),
        affine=tuple(tuple(float(str(value)) for value in _items(row)) for row in _items(values["affine"])),
        resampled=tuple(str(role) for role in _items(values["resampled"])),
        mask_source=str(values["mask_source"]),
        adc_unit=str(values["adc_unit"]),
        cbv_median=float(str(values["cbv_median"])),
        cbv_negative_share=float(str(values["cbv_negative_share"])),
    )


def _three(value: object, kind: Callable[[str], Number]) -> tuple[Number, Number, Number]:
    first, second, third = (kind(str(item)) for item in _items(value))
    return first, second, third


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return value
