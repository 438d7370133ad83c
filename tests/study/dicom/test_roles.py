"""What a person says that a series is comes before what its tags say."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import ManifestError
from cbvsynth.study.dicom.choice import choose_series
from cbvsynth.study.dicom.roles import ROLES_TABLE, Stated, read_roles
from tests.study.dicom.test_choice import one, reasons, t1, taken
from tests.study.dicom.test_recognition import T2_TIMING


def test_a_table_is_read_by_examination_and_series(tmp_path: Path) -> None:
    (tmp_path / ROLES_TABLE).write_text(
        "exam_id,series,taken,role,unit\np1_s1,5,x,T1C,\np1_s1,6,,,\np2_s1,3,,cbv,relative\n",
        encoding="utf-8",
    )
    assert read_roles(tmp_path) == {
        "p1_s1": {5: Stated("t1c"), 6: Stated("")},
        "p2_s1": {3: Stated("cbv", "relative")},
    }


def test_without_a_table_nothing_is_stated(tmp_path: Path) -> None:
    assert read_roles(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exam_id,series\np1,5\n", f"^{ROLES_TABLE} lacks the column role"),
        ("exam_id,series,role\np1,five,t1\n", f"{ROLES_TABLE}, row 2: series 'five'"),
        ("exam_id,series,role\np1,5,t3\n", "role 't3'"),
        ("exam_id,series,role,unit\np1,5,cbv,ml\n", "unit 'ml'; expected .* mL/100g or relative or empty"),
    ],
)
def test_a_wrong_table_is_refused_without_the_folders_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / ROLES_TABLE).write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match=message) as caught:
        read_roles(tmp_path)
    assert tmp_path.name not in str(caught.value)


def test_a_stated_series_is_taken_and_another_left_out() -> None:
    choice = choose_series(
        [
            t1(2, 1),
            t1(5, 9, description="ax t1 +c"),
            one(6, 10, description="unclear", tr_ms=1800.0, te_ms=50.0),
        ],
        stated={6: Stated("t1c")},
    )
    assert taken(choice) == {"t1": 2, "t1c": 6}
    assert choice.chosen["t1c"].reason == f"{ROLES_TABLE} says so"
    assert f"series 5: another T1C: {ROLES_TABLE} names one" in reasons(choice)


def test_a_stated_t1_stays_one_whatever_the_time_says() -> None:
    choice = choose_series([t1(2, 1, description="t1 +c"), t1(6, 9)], stated={6: Stated("t1")})
    assert taken(choice) == {"t1": 6, "t1c": 2}


def test_an_empty_role_leaves_a_series_out() -> None:
    choice = choose_series([one(3, description="ax t2", **T2_TIMING)], stated={3: Stated("")})
    assert taken(choice) == {}
    assert f"series 3: {ROLES_TABLE} says so" in reasons(choice)
