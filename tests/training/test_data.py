"""What the loop asks of its data, the cached study answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import Combination
from cbvsynth.training.data import TrainingData
from cbvsynth.training.dataset import CachedTrainingData
from tests.training.cached_study import SHAPE, write_study
from tests.training.toy_study import ToyStudy

pytestmark = pytest.mark.tensorflow


def examples(data: TrainingData) -> list[tuple[np.ndarray, ...]]:
    loaded = [data.load(index) for index in range(len(data))]
    return [(one.inputs, one.target, one.foreground) for one in loaded]


def test_both_sources_give_float32_on_one_grid_and_the_same_at_every_call(tmp_path: Path) -> None:
    cached = CachedTrainingData(write_study(tmp_path), Combination.parse("t1c-adc"), 25.0)
    for data, shape in ((cached, SHAPE), (ToyStudy(), (16, 18, 7))):
        first, again = examples(data), examples(data)
        for (inputs, target, foreground), repeated in zip(first, again, strict=True):
            assert inputs.shape == (*shape, 2)
            assert target.shape == foreground.shape == shape
            assert {part.dtype for part in (inputs, target, foreground)} == {np.dtype(np.float32)}
            assert set(np.unique(foreground)) <= {0.0, 1.0}
            assert not inputs[foreground == 0].any()
            np.testing.assert_array_equal(inputs, repeated[0])
