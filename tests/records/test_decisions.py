"""The table of accepted and dropped examinations."""

from pathlib import Path

import pytest

from cbvsynth.errors import ResultError
from cbvsynth.records.decisions import Decision, read_decisions, write_decisions

HEADER = "exam_id,subject_id,session_id,status,reasons\n"


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    decisions = (
        Decision("sub-1_ses-1", "sub-1", "ses-1", "accepted"),
        Decision("sub-2_ses-1", "sub-2", "ses-1", "dropped", ("metal: 7.4 %, limit 3 %", 'motion, "strong"')),
    )

    write_decisions(tmp_path / "examinations.csv", decisions)

    assert read_decisions(tmp_path / "examinations.csv") == decisions
    assert [decision.accepted for decision in decisions] == [True, False]
    assert (tmp_path / "examinations.csv").read_text() == HEADER + (
        "sub-1_ses-1,sub-1,ses-1,accepted,\n"
        'sub-2_ses-1,sub-2,ses-1,dropped,"metal: 7.4 %, limit 3 %; motion, ""strong"""\n'
    )


def test_no_decisions_is_a_table_with_a_header_only(tmp_path: Path) -> None:
    write_decisions(tmp_path / "examinations.csv", ())

    assert read_decisions(tmp_path / "examinations.csv") == ()


@pytest.mark.parametrize(
    ("status", "reasons", "message"),
    [
        ("maybe", (), "'maybe'"),
        ("accepted", ("motion",), "1 reasons"),
        ("dropped", (), "0 reasons"),
        ("dropped", ("a; b",), "without semicolons"),
        ("dropped", ("",), "cannot be stored"),
        ("dropped", (" a",), "cannot be stored"),
    ],
)
def test_a_decision_that_contradicts_itself_is_refused(
    status: str, reasons: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ResultError, match=message):
        Decision("e", "s", "1", status, reasons)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "columns none"),
        ("exam_id,status\n", "columns exam_id, status"),
        (HEADER + "e,s,1,accepted\n", "line 2: 4 values; expected 5"),
        (HEADER + "e,s,1,accepted,,surplus\n", "line 2: 6 values; expected 5"),
        (
            HEADER + "e,s,1,accepted,\ne,s,1,dropped,motion\n",
            "line 3: a second row for e; expected one; run validate again",
        ),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "examinations.csv"
    path.write_text(content)

    with pytest.raises(ResultError, match=message):
        read_decisions(path)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "examinations.csv"
    path.write_bytes(b"\xff\xfe" + HEADER.encode("utf-16-le"))

    with pytest.raises(ResultError, match=r"is not CSV in UTF-8.*run validate again"):
        read_decisions(path)


def test_a_missing_table_asks_for_validate(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="run validate first"):
        read_decisions(tmp_path / "examinations.csv")
