"""Harrell's C and its difference test, against survival 3.5 (R 4.2.2): ``concordance(m1, m2)``."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.statistics.censored_concordance import compare_concordance, concordance
from cbvsynth.errors import DataError
from tests.domain.statistics.follow_up import AGE, CBV_REAL, CBV_SYNTHETIC, EVENT, HIGH_GRADE, TIME

CLINICAL = np.column_stack([AGE, HIGH_GRADE]) @ [0.0735171405455451, 0.6417505971173230]
"""Linear predictor of ``coxph(Surv(time, event) ~ age + grade)``."""
WITH_CBV = np.column_stack([AGE, HIGH_GRADE, CBV_SYNTHETIC]) @ [
    0.063754092417121,
    0.914385757565054,
    0.181576992462095,
]
"""The same with ``+ cbv_synthetic``."""


def test_two_models_give_the_known_answers():
    result = compare_concordance(TIME, EVENT, WITH_CBV, CLINICAL)
    assert (result.first.c, result.second.c) == pytest.approx(
        (0.771386430678466, 0.732300884955752), abs=1e-9
    )
    assert result.first.standard_error**2 == pytest.approx(0.001293161970312039, abs=1e-9)
    assert result.second.standard_error**2 == pytest.approx(0.001517176652160323, abs=1e-9)
    assert result.difference == pytest.approx(0.039085545722713944, abs=1e-9)
    assert result.standard_error == pytest.approx(0.0307759490613611, abs=1e-9)


def test_a_score_with_ties_gives_the_known_answer():
    """``concordance(Surv(time, event) ~ cbv_real, reverse = TRUE)``"""
    result = concordance(TIME, EVENT, CBV_REAL)
    assert result.c == pytest.approx(0.65486725663716816, abs=1e-9)
    assert result.standard_error**2 == pytest.approx(0.00211960337163084, abs=1e-9)
    assert (result.low, result.high) == pytest.approx(
        (
            result.c - 1.959963984540054 * result.standard_error,
            result.c + 1.959963984540054 * result.standard_error,
        )
    )


def brute_force(time, event, risk):
    won = pairs = 0
    for one in range(len(time)):
        for other in range(len(time)):
            if event[one] and (time[one] < time[other] or (time[one] == time[other] and not event[other])):
                pairs += 1
                won += (risk[one] > risk[other]) + 0.5 * (risk[one] == risk[other])
    return won / pairs, pairs


patients = st.tuples(st.integers(1, 6), st.integers(0, 1), st.integers(0, 4))


@given(st.lists(patients, min_size=2, max_size=12))
def test_it_is_the_share_of_comparable_pairs(table):
    time, event, risk = zip(*[(1, 1, 2), (7, 0, 2), *table], strict=True)
    result = concordance(time, event, risk)
    assert (result.c, result.pairs) == pytest.approx(brute_force(time, event, risk), abs=1e-12)
    turned = concordance(time, event, [-one for one in risk])
    assert turned.c == pytest.approx(1 - result.c, abs=1e-12)
    assert turned.standard_error == pytest.approx(result.standard_error, abs=1e-12)


def test_scores_that_order_alike_do_not_differ():
    result = compare_concordance(TIME, EVENT, CBV_REAL, np.exp(CBV_REAL))
    assert (result.z, result.p_value) == (0, 1)


def test_what_has_no_c_is_refused():
    with pytest.raises(DataError, match="No two patients"):
        concordance([2, 1], [1, 0], [1, 2])
    with pytest.raises(DataError, match="1 risk scores for 2 patients"):
        concordance([2, 1], [1, 1], [1])
