"""The stored maps of a model are checked before they are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import ModelId, Sequence
from cbvsynth.errors import ResultError
from cbvsynth.pages.pictures.examples import montage_rows
from cbvsynth.records.examinations import read_index
from cbvsynth.records.examples import read_examples
from tests.pages.sweep_files import write_sweep

MODEL = ModelId.parse("encdec-t1")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"), {"encdec-t1": 0.3, "fcgan-t1": 0.3})


def test_t1c_is_shown_beside_the_maps_and_the_slice_goes_through_the_lesion(root: Path):
    index = read_index(root / "preprocess")
    maps = read_examples(root / "train/encdec-t1/examples.npz")
    anatomy, rows = montage_rows(index, maps, MODEL)
    assert anatomy is Sequence.T1C
    assert [row.label for row in rows] == ["e04\nlymphoma", "e05\nmetastasis"]
    assert all(row.lesion.any() for row in rows)
    np.testing.assert_array_equal(rows[0].synthetic, maps["e04"][:, :, 3])
    np.testing.assert_array_equal(rows[0].real, np.asarray(index.array("e04", "cbv"))[:, :, 3])


def test_how_sure_a_map_is_is_shown_from_the_same_slice_where_it_is_stored(root: Path):
    index = read_index(root / "preprocess")
    maps = read_examples(root / "train/encdec-t1/examples.npz")
    sure = {"e04": np.arange(maps["e04"].size, dtype=np.float32).reshape(maps["e04"].shape)}
    _, rows = montage_rows(index, maps, MODEL, sure)
    np.testing.assert_array_equal(rows[0].sd, sure["e04"][:, :, 3])
    assert rows[1].sd is None
    with pytest.raises(ResultError, match=r"e05: the stored map has shape \(2, 2, 2\)"):
        montage_rows(index, maps, MODEL, {"e05": np.zeros((2, 2, 2), np.float32)})


def test_a_map_of_an_unknown_examination_or_of_another_shape_is_refused(root: Path):
    index = read_index(root / "preprocess")
    with pytest.raises(ResultError, match="has a map of e99, which is not among"):
        montage_rows(index, {"e99": np.zeros((20, 18, 8), np.float32)}, MODEL)
    with pytest.raises(ResultError, match=r"e04: the stored map has shape \(2, 2, 2\)"):
        montage_rows(index, {"e04": np.zeros((2, 2, 2), np.float32)}, MODEL)
