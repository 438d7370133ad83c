"""Files of a reader study: read back as written; a reader's table is refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem
from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED
from cbvsynth.errors import ResultError
from cbvsynth.records.ratings import (
    StudyDescription,
    form_of,
    read_consensus,
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


TRUTH_HEADER = "study,reader,item,distribution,degree,border,comment\n"
CONSENSUS_HEADER = "examination,map,criterion,reader A,reader B,consensus\n"


def test_a_table_tells_its_form_by_its_columns(tmp_path: Path) -> None:
    for header, form in ((HEADER, BLINDED), (TRUTH_HEADER, AGAINST_TRUTH), ("study,reader\n", BLINDED)):
        (tmp_path / "A.csv").write_text(header)
        assert form_of(tmp_path / "A.csv") is form
    (tmp_path / "A.csv").write_text(TRUTH_HEADER + "s1,A,c,3,0,1,\n")
    (rating,) = read_ratings(tmp_path / "A.csv", "s1", AGAINST_TRUTH)
    assert rating.scores == {"distribution": 3, "degree": 0, "border": 1}


def test_a_consensus_is_read_by_form_and_open_rows_are_none(tmp_path: Path) -> None:
    rows = "e1,synthetic,Lesion,0,3,2\ne1,synthetic,Border and shape,0,3,1\ne2,real,Anatomy,0,2,\n"
    (tmp_path / "c.csv").write_text(CONSENSUS_HEADER + rows)
    assert read_consensus(tmp_path / "c.csv") == {
        BLINDED: {("e1", MapKind.SYNTHETIC, "lesion"): 2},
        AGAINST_TRUTH: {("e1", MapKind.SYNTHETIC, "border"): 1},
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("e1,synthetic,Beauty,0,3,2\n", "line 2: criterion 'Beauty' of the map 'synthetic'"),
        ("e1,imagined,Lesion,0,3,2\n", "of the map 'imagined'"),
        ("e1,real,Lesion,0,3,5\n", "line 2: consensus is '5'; expected 0 to 3, or nothing"),
        (2 * "e1,real,Lesion,0,3,1\n", "line 3: a second consensus"),
    ],
)
def test_a_wrong_consensus_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "c.csv").write_text(CONSENSUS_HEADER + row)
    with pytest.raises(ResultError, match=message):
        read_consensus(tmp_path / "c.csv")
