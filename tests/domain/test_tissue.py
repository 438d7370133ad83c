"""Tissue-like classes from standard sequences."""

import numpy as np
import numpy.typing as npt
import pytest

from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.tissue import Tissue, tissue_classes
from cbvsynth.errors import GridError, VolumeError

Inputs = dict[Sequence, npt.NDArray[np.float64]]
INTENSITY = {
    # white matter, grey matter, fluid: the order of Tissue
    Sequence.T1: (900.0, 700.0, 300.0),
    Sequence.T2: (200.0, 280.0, 1200.0),
    Sequence.T1C: (950.0, 740.0, 320.0),
    Sequence.FLAIR: (400.0, 520.0, 90.0),
    Sequence.ADC: (740.0, 860.0, 3000.0),
    Sequence.ASL: (25.0, 56.0, 3.0),
}


def brain(seed: int = 0, noise: float = 0.03) -> tuple[Inputs, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size=(16, 16, 8), p=[0.45, 0.4, 0.15])
    mask = np.zeros(truth.shape, dtype=bool)
    mask[2:-2, 2:-2] = True
    inputs = {
        sequence: np.where(mask, np.array(levels)[truth] * (1 + noise * rng.normal(size=truth.shape)), 0)
        for sequence, levels in INTENSITY.items()
    }
    return inputs, mask, truth


def agreement(sequences: tuple[Sequence, ...], seed: int = 0) -> float:
    inputs, mask, truth = brain(seed)
    found = tissue_classes({sequence: inputs[sequence] for sequence in sequences}, mask)
    return float(np.mean(found == truth[mask]))


@pytest.mark.parametrize(
    "sequences",
    [tuple(Sequence), *((one,) for one in Sequence if one is not Sequence.T2), (Sequence.T1, Sequence.T2)],
    ids="+".join,
)
def test_three_tissues_are_told_apart_from_whatever_sequences_exist(sequences: tuple[Sequence, ...]) -> None:
    assert agreement(sequences) > 0.95


def test_the_scale_and_offset_of_a_scanner_do_not_matter() -> None:
    inputs, mask, _ = brain()
    other = {sequence: 3.7 * volume + 120 for sequence, volume in inputs.items()}
    np.testing.assert_array_equal(tissue_classes(inputs, mask), tissue_classes(other, mask))


def test_a_few_absurd_voxels_do_not_move_the_classes() -> None:
    inputs, mask, _ = brain()
    before = tissue_classes(inputs, mask)
    inputs[Sequence.T1][4:6, 4:6, 4] = 1e6
    changed = np.mean(before != tissue_classes(inputs, mask))
    assert changed < 0.02


def test_what_lies_outside_the_mask_is_not_looked_at() -> None:
    inputs, mask, _ = brain()
    wild = {sequence: np.where(mask, volume, np.nan) for sequence, volume in inputs.items()}
    np.testing.assert_array_equal(tissue_classes(inputs, mask), tissue_classes(wild, mask))


def test_one_class_comes_out_of_a_constant_brain() -> None:
    mask = np.ones((4, 4, 4), dtype=bool)
    found = tissue_classes({Sequence.T1: np.full(mask.shape, 5.0)}, mask)
    assert found.shape == (64,)
    assert len(set(found.tolist())) == 1


def test_a_single_voxel_has_a_class() -> None:
    mask = np.zeros((3, 3, 3), dtype=bool)
    mask[1, 1, 1] = True
    assert tissue_classes({Sequence.T2: np.ones(mask.shape)}, mask)[0] in set(Tissue)


def test_what_cannot_be_classed_is_refused() -> None:
    inputs, mask, _ = brain()
    with pytest.raises(VolumeError, match="brain mask is empty"):
        tissue_classes(inputs, np.zeros_like(mask))
    with pytest.raises(VolumeError, match="without sequences"):
        tissue_classes({}, mask)
    with pytest.raises(GridError, match="T2 has shape"):
        tissue_classes({Sequence.T2: np.zeros((2, 2, 2))}, mask)
    inputs[Sequence.ADC][8, 8, 4] = np.nan
    with pytest.raises(VolumeError, match="ADC has 1 voxels"):
        tissue_classes(inputs, mask)
