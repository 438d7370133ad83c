"""How sure a mean is, by drawing the patients again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.statistics.samples import Values, as_sample, check_level
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError

MIN_SAMPLES = 100


@dataclass(frozen=True)
class BootstrapInterval:
    """Mean over examinations with its percentile interval; `clusters` is the number of patients."""

    mean: float
    low: float
    high: float
    clusters: int
    samples: int
    level: float


def bootstrap_mean(
    values: Values,
    clusters: Sequence[str],
    *,
    samples: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> BootstrapInterval:
    """Percentile interval of the mean; whole clusters (patients) are drawn, with replacement.

    A drawn patient brings all examinations along, so that the interval is as wide as the dependence
    between them asks for. With fewer than about 20 patients percentile intervals are too narrow.

    Args:
        values: one per examination.
        clusters: the patient of each examination; give exam ids to draw single examinations.
        samples: number of resamples.
        rng: source of the resampling.
        level: level of confidence.

    Raises:
        DataError: fewer than two clusters, a NaN, not one cluster per value, or too few resamples.

    Source: Efron B, Tibshirani RJ. An Introduction to the Bootstrap, 1993, chapters 8 and 13.
    """
    check_level(level)
    sample = as_sample(values, least=2)
    if len(clusters) != sample.size:
        raise DataError(
            f"{counted(len(clusters), 'cluster')} for {counted(sample.size, 'value')}; expected one "
            "cluster per value."
        )
    if samples < MIN_SAMPLES:
        raise DataError(f"{samples} resamples; expected at least {MIN_SAMPLES}. 2000 are usual.")
    names, group = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    if names.size < 2:
        raise DataError("All values are of one cluster; expected two or more, or there is nothing to draw.")
    sums = np.bincount(group, weights=sample)
    sizes = np.bincount(group).astype(np.float64)
    drawn = rng.multinomial(names.size, np.full(names.size, 1.0 / names.size), size=samples)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return BootstrapInterval(
        mean=float(sample.mean()),
        low=float(low),
        high=float(high),
        clusters=int(names.size),
        samples=samples,
        level=level,
    )
