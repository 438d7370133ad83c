"""Great Expectations behind one small door: values in, failures out, nothing on the working folder."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import Group, RangeCheck, Severity
from cbvsynth.quality.expectations import Checker, labels, range_expectation

SLICES = RangeCheck("slices", "number of slices", Group.POOR_STANDARD, "", 7, None, strict=False)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    return Checker(tmp_path_factory.mktemp("run") / "data_docs")


def table(*slices: float) -> pd.DataFrame:
    return pd.DataFrame({"exam_id": [f"e{number}" for number in range(len(slices))], "slices": slices})


def test_a_failure_leads_back_to_its_examination_and_what_was_not_measured_passes(checker: Checker) -> None:
    (failure,) = checker.run("some", table(7.0, 6.0, math.nan), [range_expectation(SLICES)])
    assert (failure.exam_id, failure.value, failure.check) == ("e1", 6.0, "slices")
    assert (failure.group, failure.severity) == (Group.POOR_STANDARD, Severity.DROP)
    assert failure.text == "number of slices: at least 7"


def test_a_table_in_which_nothing_fails_has_no_failure(checker: Checker) -> None:
    assert checker.run("none", table(7.0, 8.0), [range_expectation(SLICES)]) == ()


def test_an_expectation_of_a_column_fails_without_an_examination(checker: Checker) -> None:
    import great_expectations.expectations as gxe

    mean = gxe.ExpectColumnMeanToBeBetween(
        column="slices", min_value=100, **labels("mean", "enough slices on average", Severity.WARN)
    )
    (failure,) = checker.run("mean", table(7.0, 9.0), [mean])
    assert (failure.exam_id, failure.value) == ("", 8.0)
    assert (failure.group, failure.severity) == (None, Severity.WARN)


def test_an_expectation_that_cannot_be_computed_is_never_a_pass(checker: Checker) -> None:
    broken = table(7.0).rename(columns={"slices": "slides"})
    with pytest.raises(QualityError, match="The check 'slices' could not be computed"):
        checker.run("broken", broken, [range_expectation(SLICES)])


def test_data_docs_go_where_they_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Checker(tmp_path / "docs").run("one", table(7.0), [range_expectation(SLICES)])
    assert (tmp_path / "docs" / "index.html").is_file()
    assert not list((tmp_path / "here").iterdir())
