"""One codec for every table: what goes in comes out, and what is wrong is said with its line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import (
    CsvFile,
    column_name,
    columns_of,
    decimal,
    read_named,
    split_cells,
    write_rows,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Thing:
    name: str
    colour: Colour
    size: float
    count: int
    words: tuple[str, ...] = ()


FILE = CsvFile(
    Thing,
    "a list of things",
    maker="make",
    key=("name", "colour"),
    problem=lambda thing: "count is below 0; expected 0 or more" if thing.count < 0 else "",
)
THINGS = (
    Thing("a", Colour.RED, 1 / 3, 7),
    Thing('b, "c"\nd', Colour.BLUE, math.inf, 0, ("one", "two, three")),
    Thing("ü", Colour.RED, 1e-9, 2, ("one",)),
)
HEADER = "name,colour,size,count,words\n"
TEXT = HEADER + (
    'a,red,0.3333333333333333,7,\n"b, ""c""\nd",blue,inf,0,"one; two, three"\nü,red,1e-09,2,one\n'
)


def test_a_table_is_these_bytes_and_comes_back(tmp_path: Path) -> None:
    FILE.write(tmp_path / "things.csv", THINGS)
    assert (tmp_path / "things.csv").read_bytes() == TEXT.encode()
    assert FILE.read(tmp_path / "things.csv") == THINGS


def test_a_number_that_is_missing_comes_back_as_nan(tmp_path: Path) -> None:
    FILE.write(tmp_path / "things.csv", [Thing("a", Colour.RED, math.nan, 1)])
    assert math.isnan(FILE.read(tmp_path / "things.csv")[0].size)


def test_all_text_may_be_quoted(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ("text", "number"), [("a", 1.5), ("b\r", 2)], quote_text=True)
    assert (tmp_path / "rows.csv").read_bytes() == b'text,number\n"a",1.5\n"b\r",2\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has columns none; expected name, colour, size, count, words. It is not a list of things"),
        ("name,size\na,1\n", "has columns name, size; expected name, colour"),
        (HEADER + "a,red,1,2\n", "line 2: 4 values; expected 5"),
        (HEADER + "a,red,1,2,,\n", "line 2: 6 values; expected 5"),
        (HEADER + "a,red,big,2,\n", "line 2: size is 'big'; expected a number"),
        (HEADER + "a,red,1e999,2,\n", "line 2: size is '1e999'; expected a number"),
        (HEADER + "a,red,,2,\n", "line 2: size is ''; expected a number"),
        (HEADER + "a,red,1,2.5,\n", "line 2: count is '2.5'; expected a whole number"),
        (HEADER + "a,green,1,2,\n", "line 2: colour is 'green'; expected red or blue"),
        (HEADER + f"a,{'x' * 99},1,2,\n", f"line 2: colour is '{'x' * 40}'; expected"),
        (HEADER + "\na,red,1,2,\nb,red,1,-1,\n", "line 4: count is below 0; expected 0 or more"),
        (HEADER + "a,red,1,2,\na,blue,1,2,\na,red,3,4,\n", "line 4: a second row for a, red; expected one"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "things.csv").write_text(text)
    with pytest.raises(ResultError) as caught:
        FILE.read(tmp_path / "things.csv")
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "things.csv"))
    assert str(caught.value).endswith("run make again.")


def test_a_missing_table_names_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"things\.csv does not exist; run make first\.$"):
        FILE.read(tmp_path / "things.csv")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", HEADER.encode() + b'"' + b"x" * 200_000 + b'"\n'])
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "things.csv").write_bytes(data)
    with pytest.raises(ResultError, match=r"things\.csv is not CSV in UTF-8 \(.*\); run make again"):
        FILE.read(tmp_path / "things.csv")


def test_peoples_tables_may_have_other_columns_spaces_a_mark_and_short_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufeffb,other,a\n 1 ,2,3,4\n\n5\n".encode())
    rows = read_named(tmp_path / "t.csv", ("a", "b"), "save it again")
    assert rows == [(2, {"a": "3", "b": "1", "other": "2"}), (4, {"a": "", "b": "5", "other": ""})]


def test_rows_that_a_spreadsheet_emptied_are_none(tmp_path: Path) -> None:
    """A line of separators was taken for a row, and something else was blamed."""
    (tmp_path / "t.csv").write_text("a;b\n1;2\n;;\n ; \n")
    assert read_named(tmp_path / "t.csv", ("a", "b"), "save it again") == [(2, {"a": "1", "b": "2"})]


def test_peoples_tables_must_have_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(
        ResultError, match=r"lacks the column b, c; expected a, b, c, found a; save it again\."
    ):
        read_named(tmp_path / "t.csv", ("a", "b", "c"), "save it again")
    with pytest.raises(ResultError, match=r"none\.csv does not exist"):
        read_named(tmp_path / "none.csv", ("a",), "save it again")


def test_columns_are_fields_in_their_order() -> None:
    assert columns_of(Thing) == ("name", "colour", "size", "count", "words")


def test_our_own_table_is_read_back_after_a_spreadsheet_saved_it(tmp_path: Path) -> None:
    """Opened and saved where the decimal sign is a comma, a table has semicolons and was refused."""
    FILE.write(tmp_path / "things.csv", THINGS)
    cells = [cells for _, cells in split_cells((tmp_path / "things.csv").read_text())]
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    (tmp_path / "saved.csv").write_bytes(("\ufeff" + "\r\n".join(quoted) + "\r\n").encode())
    assert FILE.read(tmp_path / "saved.csv") == THINGS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
        ("a\tb\r1\t2\r", [["a", "b"], ["1", "2"]]),
        ('"a,x";b\r\n1;2\r\n', [["a,x", "b"], ["1", "2"]]),
        ("a,b;c\n", [["a", "b;c"]]),
        ("sep=;\r\na\r\n1\r\n", [["a"], ["1"]]),
        ("", []),
    ],
)
def test_the_separator_is_the_one_that_parts_the_header(text: str, expected: list[list[str]]) -> None:
    assert [cells for _, cells in split_cells(text)] == expected


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert split_cells('a;b\n"x\ny";1\n') == [(1, ["a", "b"]), (3, ["x\ny", "1"])]
    assert split_cells("sep=;\na;b\n") == [(2, ["a", "b"])]


def test_names_of_columns_lose_case_and_spaces() -> None:
    assert [column_name(cell) for cell in (" Exam ID ", "P-Standard", "t1c", "T1 C", "")] == [
        *("exam_id", "p_standard", "t1c", "t1_c", ""),
    ]


def test_numbers_may_have_a_decimal_comma_or_be_in_per_cent() -> None:
    assert [decimal(text) for text in ("0.62", " 0,62 ", "62%", "6,2 %", "1e-3")] == [
        *(0.62, 0.62, 0.62, 0.062, 0.001),
    ]
    for text in ("1,2,3", "1.234,5", "", "%"):
        with pytest.raises(ValueError, match="could not convert"):
            decimal(text)


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """The last one was taken in silence."""
    (tmp_path / "t.csv").write_text("a;A ;b\n1;2;3\n")
    with pytest.raises(ResultError, match="has the column a more than once; expected each column once"):
        read_named(tmp_path / "t.csv", ("a", "b"), "save it again")
