"""The one way in and out for the CSV files that we write: a row is a frozen dataclass.

Numbers are written in the shortest form that reads back exactly, text in UTF-8. What is read may have been
through a spreadsheet: columns separated by semicolons or tabs, names of columns in other case or with spaces.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import EnumMeta
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

import msgspec

from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file

BETWEEN_ITEMS = "; "
"""Stands between the items of a cell that holds several."""
_SHOWN_CHARACTERS = 40
_SEPARATORS = (",", ";", "\t")
"""What may stand between columns; where several would do, the first."""
_STATED_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")
"""A first line by which spreadsheets say what separates the columns."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_EXPECTED = {float: "a number", int: "a whole number"}

Row = TypeVar("Row")


@dataclass(frozen=True)
class CsvFile(Generic[Row]):
    """One kind of table; its columns are the fields of `kind`: text, numbers, enumerations, tuples of text.

    Fields with a default came later than the others: a table may lack all of them, and has their defaults.

    name: what it is, as in ``a table of scores``.
    maker: the command that writes it, as in ``train``.
    key: columns that no two rows share.
    quote_text: whether all text stands in quotation marks, even where none are needed.
    problem: what is wrong with a row that has the right types, as ``mae_brain is -1.0; expected ...``;
        empty where nothing is.
    """

    kind: type[Row]
    name: str
    maker: str
    key: tuple[str, ...]
    quote_text: bool = False
    problem: Callable[[Row], str] = lambda _row: ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return columns_of(self.kind)

    @property
    def _first_columns(self) -> tuple[str, ...]:
        """Those without a default: what a table of an earlier release has, before columns were added."""
        return columns_of(self.kind, without_defaults=True)

    def write(self, path: Path, rows: Iterable[Row]) -> None:
        """Write rows in the given order, atomically."""
        cells = ([_cell(getattr(row, name)) for name in self.columns] for row in rows)
        write_rows(path, self.columns, cells, quote_text=self.quote_text)

    def read(self, path: Path) -> tuple[Row, ...]:
        """Read what `write` wrote.

        Raises:
            ResultError: the file is missing, is not CSV in UTF-8, has other columns, a value is not what
                its column asks for, or two rows share a key.
        """
        remedy = f"run {self.maker} again"
        if not path.is_file():
            raise ResultError(f"{path} does not exist; run {self.maker} first.")
        lines = read_lines(path, remedy)
        columns = [column_name(cell) for cell in lines[0][1]] if lines else []
        if tuple(columns) not in (self.columns, self._first_columns):
            raise ResultError(
                f"{path} has columns {', '.join(columns) or 'none'}; expected {', '.join(self.columns)}. "
                f"It is not {self.name}: {remedy}."
            )
        kinds = get_type_hints(self.kind)
        rows: dict[tuple[object, ...], Row] = {}
        for number, cells in lines[1:]:
            try:
                row = self.kind(**_values(columns, kinds, cells))
                problem = self.problem(row)
            except ValueError as error:
                problem = str(error)
            if problem:
                raise ResultError(f"{path}, line {number}: {problem}; {remedy}.")
            key = tuple(getattr(row, name) for name in self.key)
            if key in rows:
                raise ResultError(
                    f"{path}, line {number}: a second row for {', '.join(map(str, key))}; expected one; "
                    f"{remedy}."
                )
            rows[key] = row
        return tuple(rows.values())


def columns_of(kind: type, *, without_defaults: bool = False) -> tuple[str, ...]:
    """Names of a dataclass's fields, in their order; of all, or of those without a default."""
    return tuple(field.name for field in fields(kind) if not without_defaults or field.default is MISSING)


def write_rows(
    path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]], *, quote_text: bool = False
) -> None:
    """Write a line of column names and rows of cells, atomically."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerow(columns)
        writer = csv.writer(
            target, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC if quote_text else csv.QUOTE_MINIMAL
        )
        writer.writerows(rows)


def split_cells(text: str, *, strict: bool = False) -> list[tuple[int, list[str]]]:
    """Cells of every line of a table, empty lines too, with the number of the line that it ends on.

    Columns are separated by commas, or by semicolons or tabs where those part the first line into more names.

    Raises:
        csv.Error: a quotation mark is never closed, or a cell is larger than any of a table's; with
            `strict` also a quotation mark where none may stand.
    """
    stated = _STATED_SEPARATOR.match(text)
    if stated:
        separator = stated[1]
    else:
        separator = max(_SEPARATORS, key=lambda mark: len(next(_reader(text, mark, strict=False), [])))
    reader = _reader(text, separator, strict=strict)
    lines = [(reader.line_num, cells) for cells in reader]
    return lines[1:] if stated else lines


def _reader(text: str, separator: str, *, strict: bool) -> Any:  # noqa: ANN401  # csv does not name its type
    return csv.reader(StringIO(text, newline=""), delimiter=separator, strict=strict)


def column_name(cell: str) -> str:
    """The name of a column as programs write it: ``Exam ID`` is ``exam_id``."""
    return re.sub(r"[\s_-]+", "_", cell.strip().lower())


def decimal(text: str) -> float:
    """A number as people write it, with a decimal point or comma, or in per cent: ``62 %`` is 0.62.

    Raises:
        ValueError: it is none.
    """
    bare = text.strip()
    share = bare.removesuffix("%").rstrip()
    value = float(share.replace(",", ".") if _DECIMAL_COMMA.fullmatch(share) else share)
    return value / 100 if share != bare else value


def read_lines(path: Path, remedy: str) -> list[tuple[int, list[str]]]:
    """Cells of every line that is not empty, with the number of the line that it ends on.

    A byte order mark, which spreadsheets write, is ignored.

    Raises:
        ResultError: the file is missing or is not CSV in UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            return [(number, cells) for number, cells in split_cells(source.read()) if cells]
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; name a file that is there.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultError(f"{path} is not CSV in UTF-8 ({error}); {remedy}.") from error


def read_named(path: Path, required: Sequence[str], remedy: str) -> list[tuple[int, dict[str, str]]]:
    """Rows, by column, of a table that people may have edited: in any order, with other columns among them.

    Columns are named as by `column_name`. Cells lose the space at their ends; those that a short row lacks
    are empty, and a row without any word, as spreadsheets leave behind, is none.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, lacks a required column or has a column twice.
    """
    lines = read_lines(path, remedy)
    columns = [column_name(cell) for cell in lines[0][1]] if lines else []
    twice = [name for name in dict.fromkeys(columns) if name and columns.count(name) > 1]
    if twice:
        raise ResultError(
            f"{path} has the column {', '.join(twice)} more than once; expected each column once. Remove or "
            "rename the one that does not count."
        )
    missing = [name for name in required if name not in columns]
    if missing:
        raise ResultError(
            f"{path} lacks the column {', '.join(missing)}; expected {', '.join(required)}, found "
            f"{', '.join(name[:_SHOWN_CHARACTERS] for name in columns) or 'none'}; {remedy}."
        )
    return [
        (
            number,
            {name: cell.strip() for name, cell in zip_longest(columns, cells[: len(columns)], fillvalue="")},
        )
        for number, cells in lines[1:]
        if any(cell.strip() for cell in cells)
    ]


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return BETWEEN_ITEMS.join(value)
    return int(value) if isinstance(value, bool) else value


def _values(columns: Sequence[str], kinds: dict[str, Any], cells: Sequence[str]) -> dict[str, Any]:
    """Values of a row by column.

    Raises:
        ValueError: there are more or fewer cells than columns, or one is not what its column asks for.
    """
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} values; expected {len(columns)}")
    return {name: _value(name, kinds[name], cell) for name, cell in zip(columns, cells, strict=True)}


def _value(name: str, kind: Any, cell: str) -> object:  # noqa: ANN401  # a type as annotations hold it
    if get_origin(kind) is tuple:
        return tuple(item.strip() for item in cell.split(BETWEEN_ITEMS.strip()) if item.strip())
    try:
        return msgspec.convert(cell, kind, strict=False)
    except msgspec.ValidationError as error:
        expected = " or ".join(kind) if isinstance(kind, EnumMeta) else _EXPECTED.get(kind, str(kind))
        raise ValueError(f"{name} is '{cell[:_SHOWN_CHARACTERS]}'; expected {expected}") from error
