"""Whether a second probability puts events higher and non-events lower than a first one did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.statistics.samples import (
    BoolArray,
    Float64Array,
    Values,
    as_probabilities,
    as_truth,
    z_test,
)
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class NetReclassification:
    """Category-free NRI, -2 to 2: the sum of its part in events and its part in non-events."""

    nri: float
    events: float
    non_events: float
    standard_error: float
    z: float
    p_value: float


@dataclass(frozen=True)
class IntegratedDiscrimination:
    """IDI: how much the mean probability of events moved away from that of non-events."""

    idi: float
    standard_error: float
    z: float
    p_value: float


def net_reclassification(truth: Values, first: Values, second: Values) -> NetReclassification:
    """Category-free net reclassification improvement of `second` over `first`.

    Any rise counts as up and any fall as down; an equal probability counts as neither.

    Args:
        truth: 1 for an event, 0 for a non-event.
        first: probability of an event without the new information.
        second: probability of an event with it.

    Raises:
        DataError: no event or no non-event, unequal lengths, NaN, a probability outside 0-1, or an
            improvement without any spread (every event moved one way, every non-event the other).

    Source: Pencina MJ, D'Agostino RB, Steyerberg EW. Stat Med 2011;30:11-21.
    """
    events, changes = _changes(truth, first, second, least=1)
    rises = np.sign(changes)
    of_events, of_others = rises[events], -rises[~events]
    nri = float(of_events.mean()) + float(of_others.mean())
    standard_error = math.sqrt(
        float(np.var(of_events)) / of_events.size + float(np.var(of_others)) / of_others.size
    )
    z, p_value = z_test(nri, standard_error, "The NRI")
    return NetReclassification(
        nri, float(of_events.mean()), float(of_others.mean()), standard_error, z, p_value
    )


def integrated_discrimination(truth: Values, first: Values, second: Values) -> IntegratedDiscrimination:
    """Integrated discrimination improvement of `second` over `first`.

    Args:
        truth: 1 for an event, 0 for a non-event.
        first: probability of an event without the new information.
        second: probability of an event with it.

    Raises:
        DataError: fewer than two events or non-events, unequal lengths, NaN, a probability outside
            0-1, or an improvement without any spread.

    Source: Pencina MJ et al. Stat Med 2008;27:157-172.
    """
    events, changes = _changes(truth, first, second, least=2)
    of_events, of_others = changes[events], changes[~events]
    idi = float(of_events.mean()) - float(of_others.mean())
    standard_error = math.sqrt(
        float(np.var(of_events, ddof=1)) / of_events.size + float(np.var(of_others, ddof=1)) / of_others.size
    )
    z, p_value = z_test(idi, standard_error, "The IDI")
    return IntegratedDiscrimination(idi, standard_error, z, p_value)


def _changes(truth: Values, first: Values, second: Values, *, least: int) -> tuple[BoolArray, Float64Array]:
    before = as_probabilities(first, name="The first probabilities")
    after = as_probabilities(second, name="The second probabilities")
    if before.size != after.size:
        raise DataError(f"{before.size} first and {after.size} second probabilities; expected pairs.")
    return as_truth(truth, length=before.size, least=least), after - before
