"""Bootstrap of a mean by patient."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from cbvsynth.domain.statistics.bootstrap import BootstrapInterval, bootstrap_mean
from cbvsynth.errors import DataError

VALUES = [86.0, 84.0, 80.0, 90.0, 91.0, 79.0]
PATIENTS = ["a", "a", "b", "c", "c", "d"]


def interval(
    values: npt.ArrayLike = VALUES,
    clusters: Sequence[str] = PATIENTS,
    *,
    samples: int = 500,
    seed: int = 1,
    level: float = 0.95,
) -> BootstrapInterval:
    return bootstrap_mean(values, clusters, samples=samples, rng=np.random.default_rng(seed), level=level)


def test_it_equals_drawing_patients_one_by_one() -> None:
    result = interval()
    draws = np.random.default_rng(1).multinomial(4, [0.25] * 4, size=500)
    by_patient = {"a": [86.0, 84.0], "b": [80.0], "c": [90.0, 91.0], "d": [79.0]}
    means = []
    for draw in draws:
        drawn = [
            value
            for times, values in zip(draw, by_patient.values(), strict=True)
            for value in values * int(times)
        ]
        means.append(np.mean(drawn))
    assert (result.low, result.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=1e-12)
    assert result.mean == pytest.approx(85.0, abs=1e-12)
    assert (result.clusters, result.samples, result.level) == (4, 500, 0.95)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    assert interval(seed=5) == interval(seed=5)
    assert interval(seed=5) != interval(seed=6)


def test_the_order_of_the_examinations_does_not_matter() -> None:
    order = [5, 2, 0, 4, 1, 3]
    shuffled = interval([VALUES[i] for i in order], [PATIENTS[i] for i in order])
    assert (shuffled.low, shuffled.high) == pytest.approx((interval().low, interval().high), abs=1e-12)


def test_without_repeated_examinations_it_approaches_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(85, 4, 400)
    result = interval(values, [str(i) for i in range(400)], samples=4000)
    half = stats.norm.ppf(0.975) * values.std() / np.sqrt(400)
    assert result.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert result.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_siblings_that_are_alike_widen_the_interval() -> None:
    """Examinations counted as independent would pretend to three times the evidence."""
    base = np.random.default_rng(0).normal(85, 4, 40)
    values = np.repeat(base, 3)
    by_patient = interval(values, [str(i) for i in range(40) for _ in range(3)], samples=4000)
    by_examination = interval(values, [str(i) for i in range(120)], samples=4000)
    ratio = (by_patient.high - by_patient.low) / (by_examination.high - by_examination.low)
    assert ratio == pytest.approx(np.sqrt(3), rel=0.1)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    clusters = [str(i // 2) for i in range(80)]
    hits = 0
    for _ in range(300):
        values = np.repeat(rng.normal(0, 1, 40), 2) + rng.normal(0, 0.5, 80)
        result = bootstrap_mean(values, clusters, samples=400, rng=rng)
        hits += result.low <= 0 <= result.high
    assert 0.90 <= hits / 300 <= 0.98


def test_a_constant_sample_has_an_interval_of_no_width() -> None:
    result = interval([5.0, 5.0, 5.0], ["a", "b", "c"])
    assert (result.mean, result.low, result.high) == (5.0, 5.0, 5.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": ["a"] * 6}, "one cluster"),
        ({"clusters": ["a", "b"]}, "2 clusters for 6 values"),
        ({"samples": 99}, "99 resamples"),
        ({"values": [1.0, np.nan, 1, 1, 1, 1]}, "NaN"),
        ({"values": [1.0], "clusters": ["a"]}, "expected at least 2"),
        ({"level": 1.5}, "level of confidence"),
    ],
)
def test_what_cannot_be_resampled_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        interval(**change)
