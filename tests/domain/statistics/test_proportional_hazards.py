"""The test of proportional hazards, against survival 3.5 (R 4.2.2): ``cox.zph(model, transform = "km")``."""

import numpy as np
import pytest

from cbvsynth.domain.statistics.proportional_hazards import proportionality_tests
from cbvsynth.errors import DataError
from tests.domain.statistics.follow_up import AGE, CBV_SYNTHETIC, EVENT, HIGH_GRADE, TIME

LOG_HAZARDS = [0.063754092417121, 0.914385757565054, 0.181576992462095]
KNOWN = (
    (0.2606928202205088, 1, 0.609644577150566),
    (1.1160079100840797, 1, 0.290779680890152),
    (0.0068695952712928, 1, 0.933944554377181),
    (1.4316986534003562, 3, 0.698121501107433),
)


def test_each_covariate_and_all_together_give_the_known_answers():
    found = proportionality_tests(TIME, EVENT, np.column_stack([AGE, HIGH_GRADE, CBV_SYNTHETIC]), LOG_HAZARDS)
    assert len(found) == 4
    for one, (chi_squared, degrees, p_value) in zip(found, KNOWN, strict=True):
        assert one.chi_squared == pytest.approx(chi_squared, abs=1e-9)
        assert (one.degrees, one.p_value) == (degrees, pytest.approx(p_value, abs=1e-9))


def test_an_effect_that_turns_round_is_found():
    """Half of the patients die early, the others late; which covariate kills first is exchanged between."""
    rng = np.random.default_rng(1)
    first = np.repeat([0, 1], 50)
    time = np.where(first, rng.permutation(100)[:100] % 7 + 1.0, rng.uniform(1, 50, 100))
    late = proportionality_tests(
        np.append(time, time + 60), [1] * 200, np.append(first, 1 - first)[:, None], [0.0]
    )
    assert late[0].p_value < 0.001


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(DataError, match="one time"):
        proportionality_tests([1, 1, 2], [1, 1, 0], [[1.0], [2.0], [3.0]], [0.1])
    with pytest.raises(DataError, match=r"shape \(2, 1\)"):
        proportionality_tests([1, 2, 3], [1, 1, 0], [[1.0], [2.0]], [0.1])
    with pytest.raises(DataError, match="expected more of them"):  # at the last event nobody else is at risk
        proportionality_tests([1, 2, 3, 4], [1, 0, 0, 1], [[1.0], [2.0], [4.0], [3.0]], [0.1])
