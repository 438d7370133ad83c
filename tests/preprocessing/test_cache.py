"""The folder of one examination: whole, current, and ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.preprocessing.arrays import ExaminationArrays, prepare_examination
from cbvsynth.preprocessing.cache import read_current_facts, remove_leftovers, write_arrays
from tests.preprocessing.raw_study import RawStudy


@pytest.fixture
def prepared(tmp_path: Path) -> ExaminationArrays:
    study = RawStudy(tmp_path, patients=1)
    return prepare_examination(study.data, study.examinations[0], "f" * 64)


def test_what_is_written_is_found_again(tmp_path: Path, prepared: ExaminationArrays) -> None:
    write_arrays(tmp_path / "out" / "e", prepared)

    assert read_current_facts(tmp_path / "out" / "e", "f" * 64) == prepared.facts
    for name, array in prepared.arrays.items():
        stored = np.load(tmp_path / "out" / "e" / f"{name}.npy")
        np.testing.assert_array_equal(stored, array)
        assert stored.dtype == array.dtype
        assert stored.flags.c_contiguous


def test_writing_again_leaves_no_array_of_before(tmp_path: Path, prepared: ExaminationArrays) -> None:
    write_arrays(tmp_path / "e", prepared)
    fewer = {name: array for name, array in prepared.arrays.items() if name != "seg"}

    write_arrays(tmp_path / "e", ExaminationArrays(fewer, prepared.facts))

    assert not (tmp_path / "e" / "seg.npy").exists()


@pytest.mark.parametrize(
    "damage", ["fingerprint", "no folder", "no array", "cut array", "other shape", "json", "key"]
)
def test_what_is_not_whole_and_current_is_made_again(
    tmp_path: Path, prepared: ExaminationArrays, damage: str
) -> None:
    folder = tmp_path / "e"
    write_arrays(folder, prepared)
    facts = folder / "examination.json"
    if damage == "no array":
        (folder / "seg.npy").unlink()
    elif damage == "cut array":
        (folder / "cbv.npy").write_bytes((folder / "cbv.npy").read_bytes()[:-1])
    elif damage == "other shape":
        np.save(folder / "t1.npy", np.zeros((2, 2, 2), np.float32))
    elif damage == "json":
        facts.write_text(facts.read_text()[:-10])
    elif damage == "key":
        facts.write_text(json.dumps({**json.loads(facts.read_text()), "shape": 3}))

    asked = "0" * 64 if damage == "fingerprint" else "f" * 64
    assert read_current_facts(tmp_path / "x" if damage == "no folder" else folder, asked) is None


def test_only_our_own_leftovers_are_removed(tmp_path: Path, prepared: ExaminationArrays) -> None:
    for name in ("kept", "gone", "with notes"):
        write_arrays(tmp_path / name, prepared)
    (tmp_path / "with notes" / "notes.txt").write_text("mine")
    half_written = tmp_path / ".kept.a1b2c3d4"
    half_written.mkdir()
    (half_written / "t1.npy").write_bytes(b"half")
    (half_written / ".examination.json.x_1.json").write_text("{")
    (tmp_path / ".kept.old.a1b2c3d4").mkdir()
    (tmp_path / ".index.json.a1b2c3d4.json").write_text("{")
    for folder in ("somebodys", ".git", ".empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "somebodys" / "t1.npy").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "gone")

    removed = remove_leftovers(tmp_path, {"kept"})

    assert removed == ("gone",)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {
        "data",
        "validate",
        "kept",
        "with notes",
        "somebodys",
        ".git",
        ".empty",
        "notes.txt",
        "link",
    }


def test_a_cache_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "nowhere", ()) == ()
