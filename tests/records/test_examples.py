"""Maps kept for pictures are read as written, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import ResultError
from cbvsynth.records.examples import read_examples, write_examples


def test_maps_come_back_by_name(tmp_path: Path):
    maps = {name: np.full((2, 3, 4), float(value), np.float32) for value, name in enumerate(("e02", "e01"))}
    write_examples(tmp_path / "examples.npz", maps)
    found = read_examples(tmp_path / "examples.npz")
    assert list(found) == ["e01", "e02"]
    assert all(np.array_equal(found[name], one) for name, one in maps.items())


def test_missing_examples_say_what_to_run(tmp_path: Path):
    with pytest.raises(ResultError, match="does not exist; run train first"):
        read_examples(tmp_path / "examples.npz")


def test_a_pickled_array_is_not_opened(tmp_path: Path):
    np.savez(tmp_path / "examples.npz", e00=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ResultError, match="is damaged"):
        read_examples(tmp_path / "examples.npz")
