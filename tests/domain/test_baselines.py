"""The trivial maps that a model must beat."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.baselines import BaselineExample, Baselines, learn_baselines
from cbvsynth.domain.options import Baseline
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import DataError, GridError, VolumeError

T1 = {0: 900.0, 1: 700.0, 2: 300.0}
CBV = {0: 2.0, 1: 4.0, 2: 0.5}
LESION_CBV = {1: 0.4, 2: 1.4, 3: 8.0}


def example(
    seed: int = 0, shape: tuple[int, int, int] = (12, 12, 6), *, lesion: bool = True, gain: float = 1.0
) -> BaselineExample:
    """A brain of three tissues with exact intensities, and a lesion that T1 does not show."""
    rng = np.random.default_rng(seed)
    tissue = rng.choice(3, size=shape, p=[0.45, 0.35, 0.2])
    mask = np.zeros(shape, dtype=bool)
    mask[1:-1, 1:-1] = True
    seg = np.zeros(shape, dtype=np.uint8)
    if lesion:
        seg[4:7, 4:7, 2], seg[4:6, 4:6, 3] = 2, 3
    t1, cbv = np.vectorize(T1.get)(tissue), np.vectorize(CBV.get)(tissue)
    for label, value in LESION_CBV.items():
        cbv[seg == label] = value
    return BaselineExample(
        inputs={Sequence.T1: np.where(mask, t1, 0.0)},
        cbv=np.where(mask, gain * cbv, 0.0).astype(np.float32),
        mask=mask,
        seg=seg if lesion else None,
    )


def test_the_constant_is_the_mean_brain_cbv_each_examination_counting_once() -> None:
    small, large = example(0, (8, 8, 4), gain=3.0), example(1, (16, 16, 8))
    learned = learn_baselines([small, large])
    means = [float(case.cbv[case.mask].mean()) for case in (small, large)]
    assert learned.brain_mean == pytest.approx(np.mean(means), rel=1e-6)
    assert learned.examinations == 2


def test_the_constant_map_is_that_number_in_the_brain_and_zero_outside() -> None:
    learned, case = learn_baselines([example(0), example(1)]), example(2)
    found = learned.predict(Baseline.CONSTANT_MEAN, case)
    assert found.dtype == np.float32
    assert found.shape == case.mask.shape
    assert set(np.unique(found[case.mask]).tolist()) == {float(np.float32(learned.brain_mean))}
    assert not found[~case.mask].any()


def test_tissue_means_are_those_of_the_classes_and_the_lesion_labels() -> None:
    learned = learn_baselines([example(seed) for seed in range(4)])
    expected = {**CBV, 4: LESION_CBV[2], 5: LESION_CBV[3]}
    assert dict(learned.class_means) == pytest.approx(expected, rel=1e-6)


def test_the_tissue_map_is_exact_where_cbv_depends_on_the_tissue_alone() -> None:
    learned, case = learn_baselines([example(seed) for seed in range(4)]), example(9)
    found = learned.predict(Baseline.TISSUE_MEAN, case)
    np.testing.assert_allclose(found, case.cbv, rtol=1e-5)


def test_a_class_is_averaged_over_the_examinations_that_have_it() -> None:
    learned = learn_baselines([example(0, gain=1.0), example(1, gain=3.0), example(2, lesion=False)])
    assert learned.class_means[5] == pytest.approx(2 * LESION_CBV[3], rel=1e-6)


def test_without_a_segmentation_a_lesion_counts_as_the_tissue_it_looks_like() -> None:
    learned = learn_baselines([example(seed, lesion=False) for seed in range(3)])
    assert set(learned.class_means) == {0, 1, 2}
    case = example(7)
    with_labels = learned.predict(Baseline.TISSUE_MEAN, case)
    without = learned.predict(Baseline.TISSUE_MEAN, replace(case, seg=None))
    np.testing.assert_array_equal(with_labels, without)


def test_the_blind_tissue_map_does_not_look_at_the_segmentation() -> None:
    """A map that knows tissues and no lesions passed the gate: only its segmented twin was scored."""
    case = example(3)
    learned = learn_baselines([example(0), example(1)])
    blind = learned.predict(Baseline.TISSUE_MEAN_BLIND, case)
    assert np.array_equal(blind, learned.predict(Baseline.TISSUE_MEAN, replace(case, seg=None)))
    assert not np.array_equal(blind, learned.predict(Baseline.TISSUE_MEAN, case))


def test_a_tissue_that_no_training_examination_had_gets_the_mean_of_the_brain() -> None:
    learned = Baselines(brain_mean=3.0, class_means={0: 2.0}, examinations=1)
    found = learned.predict(Baseline.TISSUE_MEAN, example(0, lesion=False))
    assert set(np.unique(found).tolist()) == {0.0, 2.0, 3.0}


@pytest.mark.parametrize("baseline", list(Baseline))
def test_the_answer_does_not_depend_on_the_map_that_is_to_be_predicted(baseline: Baseline) -> None:
    learned, case = learn_baselines([example(0), example(1)]), example(2)
    blind = replace(case, cbv=np.full(case.cbv.shape, np.nan, dtype=np.float32))
    np.testing.assert_array_equal(learned.predict(baseline, case), learned.predict(baseline, blind))


def test_the_tissue_map_beats_the_constant_on_unseen_examinations() -> None:
    learned, case = learn_baselines([example(seed) for seed in range(3)]), example(8)
    errors = {
        baseline: float(np.abs(learned.predict(baseline, case) - case.cbv)[case.mask].mean())
        for baseline in Baseline
    }
    assert errors[Baseline.TISSUE_MEAN] < 0.5 * errors[Baseline.CONSTANT_MEAN]


def test_examinations_are_read_one_after_the_other() -> None:
    alive: list[int] = []

    def stream() -> Iterator[BaselineExample]:
        for seed in range(3):
            alive.append(seed)
            yield example(seed)

    assert learn_baselines(stream()) == learn_baselines([example(seed) for seed in range(3)])
    assert alive == [0, 1, 2]


def test_the_order_of_the_examinations_does_not_matter() -> None:
    cases = [example(seed, gain=1 + seed) for seed in range(5)]
    assert learn_baselines(cases) == learn_baselines(cases[::-1])


def test_nothing_can_be_learned_from_nothing() -> None:
    with pytest.raises(DataError, match="No training examination"):
        learn_baselines([])


def test_examinations_that_cannot_be_learned_from_are_refused() -> None:
    case = example(0)
    with pytest.raises(VolumeError, match="brain mask is empty"):
        learn_baselines([replace(case, mask=np.zeros_like(case.mask))])
    with pytest.raises(GridError, match="The CBV map has shape"):
        learn_baselines([replace(case, cbv=case.cbv[:-1])])
    with pytest.raises(GridError, match="The segmentation has shape"):
        learn_baselines([replace(case, seg=np.zeros((2, 2, 2), dtype=np.uint8))])
    with pytest.raises(VolumeError, match="without sequences"):
        learn_baselines([replace(case, inputs={})])
    cbv = case.cbv.copy()
    cbv[case.mask] = np.inf
    with pytest.raises(VolumeError, match="NaN or infinite"):
        learn_baselines([replace(case, cbv=cbv)])


def test_an_examination_without_a_brain_is_refused_in_prediction_too() -> None:
    case = example(0)
    learned = learn_baselines([case])
    with pytest.raises(VolumeError, match="brain mask is empty"):
        learned.predict(Baseline.CONSTANT_MEAN, replace(case, mask=np.zeros_like(case.mask)))
