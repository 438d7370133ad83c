"""A table of survival holds the same patients in every column."""

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.errors import DataError

ONE, TWO = np.array([1.0]), np.array([1.0, 2.0])
DIED = np.array([True, False])


@pytest.mark.parametrize(
    ("cbv", "covariates", "message"),
    [
        ({MapKind.REAL: ONE}, {}, "Columns of 1 and of 2 patients"),
        ({MapKind.REAL: TWO}, {"age": ONE}, "Columns of 1 and of 2 patients"),
        ({}, {"age": TWO}, "No CBV"),
    ],
)
def test_columns_of_other_patients_are_refused(cbv, covariates, message):
    with pytest.raises(DataError, match=message):
        SurvivalTable(TWO, DIED, cbv, covariates, 0)


def test_whole_columns_are_kept():
    assert len(SurvivalTable(TWO, DIED, {MapKind.REAL: TWO}, {}, 0).time_months) == 2
