"""Kaplan-Meier and the log-rank test, against survival 3.5 (R 4.2.2).

The known answers: ``survfit(Surv(time, event) ~ high, conf.type = "log-log")`` and ``survdiff`` of the same,
with ``high = cbv_synthetic > median(cbv_synthetic)``.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.statistics.censored import as_follow, kaplan_meier, log_rank
from cbvsynth.errors import DataError
from tests.domain.statistics.follow_up import CBV_SYNTHETIC, EVENT, TIME

HIGH = np.array(CBV_SYNTHETIC) > np.median(CBV_SYNTHETIC)


def test_the_curve_of_all_gives_the_known_answer():
    curve = kaplan_meier(TIME, EVENT)
    places = [curve.time.index(time) for time in (1, 7, 12, 26)]
    assert [curve.survival[place] for place in places] == pytest.approx(
        [0.825, 0.5, 0.362229102167183, 0.111138474528567], abs=1e-9
    )
    assert [curve.low[place] for place in places] == pytest.approx(
        [0.6676562263551091, 0.3382703673238970, 0.2151603212979933, 0.0300101732936446], abs=1e-9
    )
    assert [curve.high[place] for place in places] == pytest.approx(
        [0.912465082219850, 0.641940780768623, 0.511100360538292, 0.252431563675171], abs=1e-9
    )
    assert (curve.patients, curve.events) == (40, 32)
    assert {time for time, _ in curve.censored} == {7, 8, 12, 14, 26, 32, 37}


@pytest.mark.parametrize(("high", "median"), [(True, (4, 1, 7)), (False, (11, 7, 24))])
def test_medians_of_either_half_give_the_known_answer(high, median):
    chosen = high == HIGH
    curve = kaplan_meier(np.array(TIME)[chosen], np.array(EVENT)[chosen])
    assert (curve.median, curve.median_low, curve.median_high) == median


def test_the_log_rank_test_gives_the_known_answer_whichever_group_comes_first():
    for group in (HIGH, ~HIGH):
        result = log_rank(TIME, EVENT, group)
        assert result.chi_squared == pytest.approx(6.39853749528468, abs=1e-9)
        assert result.p_value == pytest.approx(0.011421441382254, abs=1e-9)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_without_censoring_the_curve_is_the_share_that_lives(times):
    curve = kaplan_meier(times, [1] * len(times))
    for time, share in zip(curve.time, curve.survival, strict=True):
        assert share == pytest.approx(np.mean(np.array(times) > time), abs=1e-12)
    assert curve.survival[-1] == 0


def test_nobody_with_the_event_is_a_flat_curve_whose_median_is_not_reached():
    curve = kaplan_meier([3, 5], [0, 0])
    assert curve.survival == curve.low == curve.high == (1, 1)
    assert curve.median == math.inf


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([0, 1], [1, 1], "hold 0; expected all above 0"),
        ([1, 2], [0, 0], "0 events in 2 patients"),
        ([1, 2], [1, 2], "holds 2"),
        ([1, math.nan], [1, 1], "NaN"),
        ([1], [1, 0], "2 values for 1"),
        ([], [], "at least 1"),
    ],
)
def test_what_is_no_follow_up_is_refused(time, event, message):
    with pytest.raises(DataError, match=message):
        as_follow(time, event)


def test_a_group_without_patients_cannot_be_compared():
    with pytest.raises(DataError, match="2 events and 0 non-events"):
        log_rank([1, 2], [1, 0], [1, 1])


def test_groups_that_were_followed_one_after_the_other_cannot_be_compared():
    with pytest.raises(DataError, match="At no event"):
        log_rank([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 1, 1])
