"""The test of several readers, against MRMCaov 0.3 (R 4.2.2) and Van Dyke's published example.

The known answers: ``summary(mrmc(empirical_auc(truth, rating), treatment, reader, case, cov = DeLong))``, and
the same with ``fixed(reader)``; MRMCaov's differences are first minus second.
"""

import math

import numpy as np
import pytest

from cbvsynth.domain.options import CovarianceMethod
from cbvsynth.domain.statistics.multi_reader import (
    ErrorCovariances,
    multi_reader,
    obuchowski_rockette,
)
from cbvsynth.domain.statistics.roc import auc, compare_auc
from cbvsynth.errors import DataError
from tests.domain.statistics.test_roc import FIRST, SECOND, TIED_FIRST, TIED_SECOND, TRUTH

THIRD = FIRST[7::-1] + FIRST[:7:-1]
THIRD_AFTER = [0.7, 0.4, 0.9, 0.5, 0.6, 0.8, 0.3, 0.7, 0.2, 0.5, 0.4, 0.1, 0.6, 0.3, 0.2, 0.7, 0.3, 0.1]
SCORES = np.array([[FIRST, TIED_FIRST, THIRD], [SECOND, TIED_SECOND, THIRD_AFTER]], dtype=float)
VAN_DYKE = [
    [0.91964573268921090, 0.85877616747181974, 0.90386473429951697, 0.97310789049919499, 0.82979066022544290],
    [0.94782608695652171, 0.90531400966183580, 0.92173913043478262, 0.99935587761674716, 0.92995169082125606],
]
VAN_DYKE_COVARIANCES = ErrorCovariances(
    0.00079213245307656170, 0.00034200895773682830, 0.00033952653098562883, 0.00023584965323447107
)


def test_three_readers_of_the_worked_example_give_the_known_answers():
    result = multi_reader(TRUTH, SCORES)
    assert (result.readers, result.cases) == (3, 18)
    assert (result.first_mean, result.second_mean) == pytest.approx((0.7625, 0.86458333333333337), abs=1e-12)
    shared = result.covariances
    assert (shared.variance, shared.same_reader) == pytest.approx(
        (0.01051607969576719669, 0.00311838624338624335), abs=1e-12
    )
    assert (shared.same_reading, shared.neither) == pytest.approx(
        (0.00190000826719576715, 0.00085276124338624329), abs=1e-12
    )
    assert result.interaction == pytest.approx(-0.00489862351190476289, abs=1e-12)
    test = result.random_readers
    assert test.statistic == pytest.approx(3.4029155699534228, abs=1e-9)
    assert test.degrees == pytest.approx(20.021759569519848, abs=1e-9)
    assert test.p_value == pytest.approx(0.079928014979746997, abs=1e-9)
    assert (test.low, test.high) == pytest.approx((-0.013343210668662203, 0.217509877335329033), abs=1e-9)
    fixed = result.fixed_readers
    assert fixed.statistic == pytest.approx(1.6467764060356609, abs=1e-9)
    assert fixed.p_value == pytest.approx(0.19939824793794503, abs=1e-9)
    assert (fixed.low, fixed.high) == pytest.approx((-0.053830846906005286, 0.257997513572672088), abs=1e-9)


def test_the_jackknifes_covariances_are_those_of_leaving_each_case_out():
    """By brute force: every case left out, the six areas computed again."""
    truth = np.asarray(TRUTH)
    without = np.array(
        [
            [auc(np.delete(truth, case), np.delete(one, case)).auc for one in SCORES.reshape(6, -1)]
            for case in range(truth.size)
        ]
    )
    apart = without - without.mean(axis=0)
    covariance = (truth.size - 1) / truth.size * apart.T @ apart
    result = multi_reader(TRUTH, SCORES, method=CovarianceMethod.JACKKNIFE)
    shared = result.covariances
    assert shared.variance == pytest.approx(np.diag(covariance).mean(), abs=1e-12)
    pairs = [(first, second) for first in range(3) for second in range(3) if first != second]
    same = np.mean([covariance[one + way, two + way] for way in (0, 3) for one, two in pairs])
    assert shared.same_reading == pytest.approx(same, abs=1e-12)
    assert shared.same_reader == pytest.approx(np.mean([covariance[one, one + 3] for one in range(3)]))
    assert shared.neither == pytest.approx(np.mean([covariance[one, two + 3] for one, two in pairs]))
    assert result.method is CovarianceMethod.JACKKNIFE
    plain = multi_reader(TRUTH, SCORES)
    assert plain.method is CovarianceMethod.DELONG
    assert result.random_readers.p_value == pytest.approx(plain.random_readers.p_value, rel=0.2)
    assert result.random_readers.p_value != plain.random_readers.p_value


def test_van_dykes_five_readers_give_the_known_answers():
    """114 patients, spin-echo against cine MRI for aortic dissection: the usual example of the test."""
    result = obuchowski_rockette(VAN_DYKE, VAN_DYKE_COVARIANCES, cases=114)
    assert result.random_readers.statistic == pytest.approx(4.48485432182078, abs=1e-9)
    assert result.random_readers.degrees == pytest.approx(15.0661079388731, abs=1e-9)
    assert result.random_readers.p_value == pytest.approx(0.0512330308248101, abs=1e-9)
    assert result.interaction == pytest.approx(0.00020458400415548325, abs=1e-12)
    assert result.fixed_readers.statistic == pytest.approx(5.5457892888619291, abs=1e-9)
    assert result.fixed_readers.p_value == pytest.approx(0.018525200437525702, abs=1e-9)


def test_exchanging_the_ways_of_reading_turns_the_difference_and_the_order_of_readers_does_not_count():
    result, turned = multi_reader(TRUTH, SCORES), multi_reader(TRUTH, SCORES[::-1])
    assert turned.random_readers.difference == pytest.approx(-result.random_readers.difference, abs=1e-12)
    assert turned.random_readers.p_value == pytest.approx(result.random_readers.p_value, abs=1e-12)
    other = multi_reader(TRUTH, SCORES[:, [2, 0, 1]])
    assert other.random_readers.p_value == pytest.approx(result.random_readers.p_value, abs=1e-12)


def test_readers_who_are_one_reader_twice_give_that_readers_delong_test():
    result = multi_reader(TRUTH, SCORES[:, [0, 0]])
    one = compare_auc(TRUTH, SECOND, FIRST)
    assert result.fixed_readers.p_value == pytest.approx(one.p_value, abs=1e-9)
    assert math.sqrt(result.fixed_readers.statistic) == pytest.approx(one.z, abs=1e-9)
    assert result.random_readers.degrees == math.inf
    assert result.random_readers.p_value == pytest.approx(one.p_value, abs=1e-9)


def test_readings_that_order_alike_do_not_differ_and_areas_without_spread_have_no_test():
    same = multi_reader(TRUTH, SCORES[[0, 0]])
    assert (same.random_readers.difference, same.random_readers.p_value) == (0, 1)
    perfect = np.array([[[0, 0, 0, 0]] * 2, [[1, 1, 0, 0]] * 2], dtype=float)
    with pytest.raises(DataError, match=r"differ by 0\.5 without any spread"):
        multi_reader([1, 1, 0, 0], perfect)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (SCORES[:, :1], r"shape \(2, 1, 18\)"),
        (SCORES[0], r"shape \(3, 18\)"),
        (np.where(SCORES == 0.62, np.nan, SCORES), "NaN"),
        (SCORES[:, :, :-1], "18 values for 17"),
    ],
)
def test_scores_of_another_design_are_refused(scores, message):
    with pytest.raises(DataError, match=message):
        multi_reader(TRUTH, scores)


def test_readers_who_gain_alike_leave_no_interaction_but_for_rounding():
    """Two equal gains in area gave 1e59 degrees of freedom, printed in full."""
    areas = [[0.7, 0.4], [0.8, 0.5]]
    covariances = ErrorCovariances(variance=0.02, same_reader=0.01, same_reading=0.01, neither=0.005)
    assert 0 < np.subtract(*areas).var(ddof=1) < 1e-30
    assert obuchowski_rockette(areas, covariances, cases=12).random_readers.degrees == math.inf
