"""The request and answer that travel with a model."""

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import Combination
from cbvsynth.errors import ModelError
from cbvsynth.records.golden import (
    GOLDEN_SHAPE,
    Predict,
    made_up_inputs,
    read_golden,
    require_golden,
    write_golden,
)

ALL = Combination.parse("t1-t2-t1c-flair-adc")
T1C = Combination.parse("t1c")


def sum_of(inputs: dict[str, np.ndarray]) -> np.ndarray:
    return np.sum(list(inputs.values()), axis=0, dtype=np.float32)


def test_a_golden_pair_survives_the_way_through_a_file(tmp_path: Path) -> None:
    write_golden(tmp_path, T1C, sum_of, cbv_max=25.0)
    pair = read_golden(tmp_path)
    assert pair.inputs["t1c"].shape == pair.reply.shape == GOLDEN_SHAPE
    assert np.array_equal(pair.reply, pair.inputs["t1c"])
    assert pair.tolerance == 0.025


def test_the_made_up_head_is_like_a_head() -> None:
    inputs = made_up_inputs(ALL)
    assert list(inputs) == ["t1", "t2", "t1c", "flair", "adc"]
    for volume in inputs.values():
        assert volume.dtype == np.float32
        assert volume.min() == 0
        assert 0.3 < np.mean(volume > 0) < 0.95
    adc = inputs["adc"]
    assert 500 < adc[adc > 0].mean() < 1500


def test_a_sequence_is_made_up_alike_in_every_combination_and_in_any_shape() -> None:
    assert np.array_equal(made_up_inputs(ALL)["t1c"], made_up_inputs(T1C)["t1c"])
    assert made_up_inputs(T1C, (2, 16, 20, 1))["t1c"].shape == (2, 16, 20, 1)


def level(value: float) -> Predict:
    return lambda inputs: np.full(GOLDEN_SHAPE, value, np.float32)


@pytest.mark.parametrize("shift", [0.0, 0.0249, -0.0249])
def test_a_deviation_within_the_tolerance_is_accepted(tmp_path: Path, shift: float) -> None:
    write_golden(tmp_path, T1C, level(0.0), cbv_max=25.0)
    assert require_golden(tmp_path, level(shift)) == pytest.approx(abs(shift))


@pytest.mark.parametrize("shift", [0.0251, -0.0251])
def test_a_larger_deviation_is_refused(tmp_path: Path, shift: float) -> None:
    write_golden(tmp_path, T1C, level(0.0), cbv_max=25.0)
    with pytest.raises(ModelError, match=r"deviation of 0\.0251, expected at most 0\.025"):
        require_golden(tmp_path, level(shift))


def test_an_answer_that_is_not_a_number_or_of_another_shape_is_refused(tmp_path: Path) -> None:
    write_golden(tmp_path, T1C, sum_of, cbv_max=25.0)
    with pytest.raises(ModelError, match="deviation of nan"):
        require_golden(tmp_path, lambda inputs: sum_of(inputs) * np.float32(np.nan))
    with pytest.raises(ModelError, match="answered with shape"):
        require_golden(tmp_path, lambda inputs: sum_of(inputs)[0])


def test_a_missing_or_damaged_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing or damaged"):
        read_golden(tmp_path)
    write_golden(tmp_path, T1C, sum_of, cbv_max=25.0)
    path = tmp_path / "assets.extra/golden.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="missing or damaged"):
        read_golden(tmp_path)
