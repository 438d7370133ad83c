"""Cached examinations as training data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.options import Switch
from cbvsynth.domain.sequences import Combination, Sequence
from cbvsynth.domain.strata import stratum_weights
from cbvsynth.errors import ResultError, TrainingError, UsageError, VolumeError
from cbvsynth.training.dataset import CachedTrainingData, Emphasis, Incomplete, usable_examinations
from cbvsynth.training.normalise import normalise_arrays
from tests.training.cached_study import SHAPE, write_study

pytestmark = pytest.mark.tensorflow

T1C_ADC = Combination.parse("t1c-adc")


def test_an_example_is_the_normalised_inputs_and_cbv_as_a_share_of_its_maximum(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    data = CachedTrainingData(index, T1C_ADC, cbv_max=20.0)
    example = data.load(1)
    inputs, foreground = normalise_arrays(
        {name: np.asarray(index.array("e01", name)) for name in (Sequence.T1C, Sequence.ADC)}
    )
    assert len(data) == 3
    assert example.inputs.shape == (*SHAPE, 2)
    assert np.array_equal(example.inputs, inputs)
    assert np.array_equal(example.foreground, foreground)
    np.testing.assert_allclose(example.target * 20.0, index.array("e01", "cbv"), rtol=1e-6)
    assert {part.dtype for part in (example.inputs, example.target, example.foreground)} == {np.dtype("f4")}


def test_a_segmented_lesion_may_weigh_more_than_the_rest_of_the_brain(tmp_path: Path) -> None:
    """Unweighted, 2 % of the brain are hardly learned: enhancing lesions were all given one value."""
    index = write_study(tmp_path)
    plain = CachedTrainingData(index, T1C_ADC, 25.0).load(0).foreground
    weighted = (
        CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(lesion_weight=10.0)).load(0).foreground
    )
    lesion = np.asarray(index.array("e00", "seg")) > 0
    assert lesion.any()
    assert np.array_equal(weighted, np.where(lesion, 10 * plain, plain))
    assert weighted.dtype == np.float32
    (tmp_path / "e00" / "seg.npy").unlink()
    without = (
        CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(lesion_weight=10.0)).load(0).foreground
    )
    assert np.array_equal(without, plain)


def test_rare_cbv_may_count_more_and_a_lesion_may_be_handed_on(tmp_path: Path) -> None:
    index = write_study(tmp_path, without_seg=["e01"])
    plain = CachedTrainingData(index, T1C_ADC, 25.0).load(0)
    assert plain.lesion is None
    assert len(plain.parts) == 3
    strata = CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(strata=Switch.ON)).load(0)
    inside = plain.foreground > 0
    assert np.array_equal(strata.foreground, stratum_weights(25.0 * plain.target, inside))
    assert strata.foreground[inside & (plain.target > 0.2)].min() > strata.foreground[inside].min()
    regions = CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(region_weight=0.5))
    lesion = np.asarray(index.array("e00", "seg")) > 0
    assert np.array_equal(regions.load(0).parts[3], lesion * plain.foreground)
    assert not regions.load(1).parts[3].any(), "without a segmentation there is no region"


def test_only_training_examinations_with_every_sequence_are_used(tmp_path: Path) -> None:
    index = write_study(tmp_path, without_adc=["e01"])
    with_adc = CachedTrainingData(index, T1C_ADC, 25.0).examinations
    without = CachedTrainingData(index, Combination.parse("t1c"), 25.0).examinations
    assert [examination.exam_id for examination in with_adc] == ["e00", "e02"]
    assert [examination.exam_id for examination in without] == ["e00", "e01", "e02"]


def test_missing_sequences_are_channels_of_zeros_where_that_is_asked_for(tmp_path: Path) -> None:
    index = write_study(tmp_path, without_adc=["e01"])
    data = CachedTrainingData(index, T1C_ADC, 25.0, incomplete=Incomplete.FILLED)
    assert [examination.exam_id for examination in data.examinations] == ["e00", "e01", "e02"]
    alone = CachedTrainingData(index, Combination.parse("t1c"), 25.0).load(1)
    filled = data.load(1)
    assert np.array_equal(filled.inputs[..., :1], alone.inputs)
    assert not filled.inputs[..., 1].any()
    assert np.array_equal(filled.foreground, alone.foreground)
    assert np.array_equal(data.load(0).inputs, CachedTrainingData(index, T1C_ADC, 25.0).load(0).inputs)


def test_without_any_of_the_sequences_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    index = write_study(tmp_path, without_adc=["e00", "e01", "e02"])
    with pytest.raises(TrainingError, match="No examination of the train split has any of ADC"):
        CachedTrainingData(index, Combination.parse("adc"), 25.0, incomplete=Incomplete.FILLED)


def test_an_examination_without_cbv_is_not_used(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    (tmp_path / "e04" / "cbv.npy").unlink()
    assert [item.exam_id for item in usable_examinations(index, "held-out", T1C_ADC)] == ["e03", "e05"]


def test_no_examination_at_all_is_an_error_that_names_the_sequences(tmp_path: Path) -> None:
    index = write_study(tmp_path, without_adc=["e00", "e01", "e02"])
    with pytest.raises(TrainingError, match=r"None of the 3 examinations of the train split has T1C \+ ADC"):
        CachedTrainingData(index, T1C_ADC, 25.0)


def test_examinations_beyond_the_memory_limit_are_normalised_anew_with_the_same_values(
    tmp_path: Path,
) -> None:
    index = write_study(tmp_path)
    kept = CachedTrainingData(index, T1C_ADC, 25.0)
    size = sum(part.nbytes for part in kept.load(0).parts)
    tight = CachedTrainingData(index, T1C_ADC, 25.0, kept_bytes=size)
    assert kept.load(1) is kept.load(1)
    assert tight.load(0) is tight.load(0)
    assert tight.load(1) is not tight.load(1)
    assert np.array_equal(tight.load(1).inputs, kept.load(1).inputs)


@pytest.mark.parametrize("cbv_max", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_cbv_scale_is_refused(tmp_path: Path, cbv_max: float) -> None:
    with pytest.raises(UsageError, match="expected a positive number"):
        CachedTrainingData(write_study(tmp_path), T1C_ADC, cbv_max)


def test_an_input_that_cannot_be_normalised_is_called_by_examination_and_sequence(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    np.save(tmp_path / "e02" / "t1c.npy", np.zeros(SHAPE, np.float32))
    with pytest.raises(VolumeError, match=r"^e02: input t1c is constant"):
        CachedTrainingData(index, T1C_ADC, 25.0).load(2)


@pytest.mark.parametrize("fault", ["nan", "shape"])
def test_a_damaged_cbv_map_is_refused(tmp_path: Path, fault: str) -> None:
    index = write_study(tmp_path)
    cbv = np.array(index.array("e00", "cbv"))
    cbv[4, 4, 4] = np.nan if fault == "nan" else 1.0
    np.save(tmp_path / "e00" / "cbv.npy", cbv if fault == "nan" else cbv[:-1])
    with pytest.raises(VolumeError, match=r"^e00: the CBV map has shape"):
        CachedTrainingData(index, T1C_ADC, 25.0).load(0)


def test_a_missing_array_is_reported(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    (tmp_path / "e00" / "t1c.npy").unlink()
    with pytest.raises(ResultError, match="e00: the cached array 't1c' is missing"):
        CachedTrainingData(index, T1C_ADC, 25.0).load(0)


def test_an_empty_split_says_so(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    empty = replace(index, examinations=index.of_split("train"))
    with pytest.raises(TrainingError, match="None of the 0 examinations of the held-out split"):
        usable_examinations(empty, "held-out", T1C_ADC)


def test_the_region_whose_mean_is_learned_is_the_one_that_the_gate_measures(tmp_path: Path) -> None:
    """It was the whole segmentation, of which oedema may be most: the gate asks for the enhancing part."""
    index = write_study(tmp_path, train=1, held_out=0)
    seg = np.load(tmp_path / "e00/seg.npy")
    seg[6:8, 6:10, 3:6] = 2
    np.save(tmp_path / "e00/seg.npy", seg)
    region = CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(region_weight=0.5)).load(0).lesion
    assert np.array_equal(region, seg == 3)
    seg[seg == 3] = 2
    np.save(tmp_path / "e00/seg.npy", seg)
    whole = CachedTrainingData(index, T1C_ADC, 25.0, emphasis=Emphasis(region_weight=0.5)).load(0).lesion
    assert np.array_equal(whole, seg == 2), "a lesion that does not enhance is measured as a whole"
