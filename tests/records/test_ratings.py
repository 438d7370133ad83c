"""Files of a reader study: read back as written; a reader's table is refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem
from cbvsynth.errors import ResultError
from cbvsynth.records.ratings import (
    StudyDescription,
    read_key,
    read_ratings,
    read_study,
    write_key,
    write_study,
)

ITEMS = (
    StudyItem("A", 1, "00ff00ff", "sub-1_ses-1", "sub-1", MapKind.REAL),
    StudyItem("A", 2, "0e000001", "sub-1_ses-1", "sub-1", MapKind.SYNTHETIC),
)
STUDY = StudyDescription("0a1b2c3d", 1 << 62, "encdec-t1", "ab", "cd", ("poor", "good"), {"lesion": "Is it?"})
HEADER = "study,reader,item,anatomy,lesion,artefacts,comment\n"


def test_a_key_is_these_bytes_and_comes_back(tmp_path: Path) -> None:
    write_key(tmp_path / "key.csv", ITEMS)
    assert (tmp_path / "key.csv").read_text() == (
        "reader,position,code,exam_id,subject_id,kind\n"
        "A,1,00ff00ff,sub-1_ses-1,sub-1,real\nA,2,0e000001,sub-1_ses-1,sub-1,synthetic\n"
    )
    assert read_key(tmp_path / "key.csv") == ITEMS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("A,1,", "A,first,", "line 2: position is 'first'; expected a whole number"),
        (",synthetic", ",imagined", "line 3: kind is 'imagined'; expected real or synthetic"),
        ("0e000001", "00ff00ff", "line 3: a second row for 00ff00ff"),
        ("position", "place", "has columns reader, place"),
    ],
)
def test_a_damaged_key_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    write_key(tmp_path / "key.csv", ITEMS)
    (tmp_path / "key.csv").write_text((tmp_path / "key.csv").read_text().replace(old, new))
    with pytest.raises(ResultError, match=message + ".*run 'cbvsynth reader-study make' again"):
        read_key(tmp_path / "key.csv")


def test_a_description_comes_back_with_its_seed_to_the_last_bit(tmp_path: Path) -> None:
    write_study(tmp_path / "study.json", STUDY)
    assert read_study(tmp_path / "study.json") == STUDY
    assert (tmp_path / "study.json").read_text().startswith('{\n  "study": "0a1b2c3d",\n  "seed": 4611686')


def test_a_damaged_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text('{"study": 7}')
    with pytest.raises(ResultError, match=r"study\.json is not the description of a reader study"):
        read_study(tmp_path / "study.json")


def test_scores_are_read_as_the_page_exports_them(tmp_path: Path) -> None:
    (tmp_path / "A.csv").write_text(
        "\ufeff" + HEADER + 's1,A,00ff00ff,3,0,2,"blurred, at\nthe rim"\ns1,A,0e000001,1,1,1,\n'
    )
    assert read_ratings(tmp_path / "A.csv", "s1") == (
        Rating("A", "00ff00ff", {"anatomy": 3, "lesion": 0, "artefacts": 2}, "blurred, at\nthe rim"),
        Rating("A", "0e000001", {"anatomy": 1, "lesion": 1, "artefacts": 1}),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "s2,A,c,1,1,1,\n", r"A\.csv, line 2: scores of study s2, expected s1"),
        (HEADER + "s1,A,c,1,1,1,\ns1,A,d,1,4,1,\n", r"A\.csv, line 3: lesion is '4'; expected 0 to 3"),
        (HEADER + "s1,A,c,1,1\n", r"A\.csv, line 2: artefacts is ''; expected 0 to 3"),
        ("study,reader,item\n", "lacks the column anatomy, lesion, artefacts, comment"),
    ],
)
def test_wrong_scores_are_refused_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "A.csv").write_text(text)
    with pytest.raises(ResultError, match=message):
        read_ratings(tmp_path / "A.csv", "s1")


def test_a_missing_table_and_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"A\.csv does not exist"):
        read_ratings(tmp_path / "A.csv", "s1")
    (tmp_path / "A.csv").write_bytes(HEADER.encode() + b"\xe9")
    with pytest.raises(ResultError, match=r"A\.csv is not CSV in UTF-8"):
        read_ratings(tmp_path / "A.csv", "s1")
