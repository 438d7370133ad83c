"""A table of survival: numbers, words, days, gaps; refused with the line that is wrong."""

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.errors import ResultError
from cbvsynth.records.survival_tables import SimulatedPatient, read_survival, write_survival

HEADER = "patient,time_months,event,cbv_real,cbv_synthetic,age,sex\n"


def read(tmp_path, text, *covariates):
    (tmp_path / "survival.csv").write_text(text)
    return read_survival(tmp_path / "survival.csv", covariates)


def test_what_was_written_is_read_back(tmp_path):
    rows = [
        SimulatedPatient("p1", 4.5, True, 5.2, 5.4, 61.0),
        SimulatedPatient("p2", 48.0, False, 2.1, 1.9, 40.0),
    ]
    write_survival(tmp_path / "s.csv", rows)
    table = read_survival(tmp_path / "s.csv", ["age"])
    assert table.time_months.tolist() == [4.5, 48.0]
    assert table.event.tolist() == [True, False]
    assert table.cbv[MapKind.REAL].tolist() == [5.2, 2.1]
    assert table.cbv[MapKind.SYNTHETIC].tolist() == [5.4, 1.9]
    assert table.covariates["age"].tolist() == [61.0, 40.0]


def test_words_become_columns_days_months_and_gaps_are_left_out_and_counted(tmp_path):
    text = "sex,patient,time_days,event,cbv_synthetic,note\n"
    text += "M,a,365.25,yes,5,x\nF,b,30,0,4,\nNA,c,3,1,4,\nM,d,9,1,,\n"
    table = read(tmp_path, text, "sex")
    assert table.time_months == pytest.approx([12.0, 30 * 12 / 365.25])
    assert list(table.cbv) == [MapKind.SYNTHETIC]
    assert {name: values.tolist() for name, values in table.covariates.items()} == {
        "sex: M, not F": [1.0, 0.0]
    }
    assert table.left_out == 2


def test_a_table_that_went_through_a_spreadsheet_is_taken(tmp_path):
    text = "Patient;Time Months;Event;CBV synthetic;Age at diagnosis\na;14,5;1;5,4;61\nb;31;0;1,9;48\n"
    table = read(tmp_path, text, "Age at diagnosis")
    assert table.time_months.tolist() == [14.5, 31.0]
    assert table.cbv[MapKind.SYNTHETIC].tolist() == [5.4, 1.9]
    assert table.covariates["age_at_diagnosis"].tolist() == [61.0, 48.0]


def test_three_words_are_two_columns(tmp_path):
    rows = "".join(f"p{one},1,1,1,1,1,{word}\n" for one, word in enumerate("cab"))
    table = read(tmp_path, HEADER + rows, "sex")
    assert list(table.covariates) == ["sex: b, not a", "sex: c, not a"]
    assert np.sum(list(table.covariates.values()), axis=0).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "has no row"),
        (HEADER.replace("event", "status") + "p,1,1,1,1,1,F\n", "lacks the column event"),
        (HEADER.replace("time_months", "months") + "p,1,1,1,1,1,F\n", "no time; expected one column"),
        ("time_days," + HEADER + "1,p,1,1,1,1,1,F\n", "time_months and time_days; expected one"),
        (HEADER.replace("cbv_", "x_") + "p,1,1,1,1,1,F\n", "neither cbv_synthetic nor cbv_real"),
        (HEADER + "p,0,1,1,1,1,F\n", "line 2: time_months is 0"),
        (HEADER + "p,1,2,1,1,1,F\n", "line 2: event is '2'"),
        (HEADER + "p,1,1,1,high,1,F\n", "line 2: cbv_synthetic is 'high'; expected a number"),
        (HEADER + "p,1,1,1,1,old,F\nq,1,1,1,1,4,M\n", "line 2: age is 'old'"),
        (HEADER + "p,1,1,1,1,1,F\np,1,1,1,1,1,F\n", "line 3: the patient of line 2 again"),
        (HEADER + ",1,1,1,1,1,F\n", "line 2: patient is empty"),
        (HEADER + "p,1,1,1,1,1,F\nq,1,1,1,1,1,F\n", "sex has 1 different words"),
        (HEADER + "p,1,1,1,,1,F\n", "expected complete ones"),
    ],
)
def test_what_is_no_table_of_survival_is_refused(tmp_path, text, message):
    with pytest.raises(ResultError, match=message):
        read(tmp_path, text, "age", "sex")


def test_no_refusal_tells_a_patients_name(tmp_path):
    with pytest.raises(ResultError) as raised:
        read(tmp_path, HEADER + "Mrs Doe,1,1,1,1,1,F\nMrs Doe,1,1,1,1,1,F\n")
    assert "Doe" not in str(raised.value)
