"""How far an examination lies in the bad tail of its study.

Signal, ghosts and edges depend on scanner and protocol, so that no number fits all. Within one scanner's
examinations the unfit one stands out: it is compared with their median, in robust standard deviations.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.quality.checks import worse_than_study
from cbvsynth.quality.survey import Survey

FEWEST_EXAMINATIONS = 10
"""A median and a spread of fewer are not relied on; ours."""
MAD_TO_SD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
_LEAST_SPREAD = 0.08
"""Standard deviation that is granted at least, as a part of the median: 5 of them are 40 %. Ours: scans of
one scanner differ by more than those of phantoms."""


@dataclass(frozen=True)
class _Tail:
    """A measurement, which side of its median is bad, and the least spread in its own unit."""

    column: str
    bad_side: int
    least_spread: float = 0.0


_TAILS = (_Tail("snr", -1), _Tail("edge_agreement", -1), _Tail("ghost_ratio", 1, least_spread=0.0008))


def with_study_tails(examinations: Sequence[Examination], surveys: Sequence[Survey]) -> tuple[Survey, ...]:
    """The surveys with every measurement that is judged by its study: 0 on the good side of the median.

    Examinations of one scanner and field strength are compared where ten or more were measured; elsewhere
    nothing is judged. Both sequences are in the same order.
    """
    groups: dict[tuple[str, float | None], list[int]] = defaultdict(list)
    for number, examination in enumerate(examinations):
        groups[examination.scanner, examination.field_t].append(number)
    extended = list(surveys)
    for members in groups.values():
        for tail in _TAILS:
            values = np.array([surveys[number].value(tail.column) for number in members])
            if int(np.isfinite(values).sum()) < FEWEST_EXAMINATIONS:
                continue
            for number, worse in zip(members, _worse(values, tail), strict=True):
                if not math.isnan(worse):
                    added = {worse_than_study(tail.column): float(f"{worse:.6g}")}
                    extended[number] = replace(extended[number], values={**extended[number].values, **added})
    return tuple(extended)


def robust_spread(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median and robust standard deviation of finite values, (N,) with N >= 1."""
    middle = float(np.median(values))
    return middle, MAD_TO_SD * float(np.median(np.abs(values - middle)))


def _worse(values: npt.NDArray[np.float64], tail: _Tail) -> npt.NDArray[np.float64]:
    """Robust standard deviations on the bad side of the median, NaN where nothing was measured."""
    middle, spread = robust_spread(values[np.isfinite(values)])
    granted = max(spread, _LEAST_SPREAD * abs(middle), tail.least_spread)
    worse: npt.NDArray[np.float64] = np.maximum(0.0, tail.bad_side * (values - middle) / granted)
    return worse
