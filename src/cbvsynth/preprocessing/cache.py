"""The folder of one examination in the cache: written whole or not at all, found again by fingerprint.

Beside the arrays that `records.examinations` documents lies examination.json with the facts about them. It
lets a later run see that nothing changed, and tells our folders from anyone else's.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ResultError
from cbvsynth.preprocessing.arrays import ArrayFacts, ExaminationArrays
from cbvsynth.records.json_codec import JsonFile
from cbvsynth.records.storage import atomic_folder

FACTS_FILE = "examination.json"
_FILE = JsonFile(ArrayFacts, "the facts about an examination's arrays", maker="preprocess")

_ARRAY_NAMES = (*(sequence.value for sequence in Sequence), "cbv", "mask", "seg")
_OUR_FILES = frozenset({FACTS_FILE, *(f"{name}.npy" for name in _ARRAY_NAMES)})
_TEMPORARY_FOLDER = re.compile(r"\..+\.(old\.)?[a-z0-9_]{8}")
_OUR_TEMPORARY_FILES = (".index.json.", ".report.json.", ".report.md.")


def write_arrays(folder: Path, prepared: ExaminationArrays) -> None:
    """Put an examination's arrays into a folder, replacing the whole folder at once.

    What a killed run left beside it is `remove_leftovers`' to find, once for all examinations.
    """
    with atomic_folder(folder, mend=False) as temporary:
        for name, array in prepared.arrays.items():
            np.save(temporary / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        _FILE.write(temporary / FACTS_FILE, prepared.facts)


def read_current_facts(folder: Path, fingerprint: str) -> ArrayFacts | None:
    """Facts of a folder that is whole and has the fingerprint; None when it must be made again."""
    try:
        facts = _FILE.read(folder / FACTS_FILE)
    except (OSError, ResultError):
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
