"""Tables as CSV for machines, Markdown for repositories and aligned text for terminals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from cbvsynth.records.csv_codec import write_rows

DASH = "–"
"""Stands where there is no number."""

Cell = str | int | float | None


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write CSV atomically; floats in the shortest form that reads back exactly, no number as empty."""
    write_rows(path, header, (["" if _is_missing(cell) else cell for cell in row] for row in rows))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; the first `left` columns are left-aligned, the others right-aligned."""
    rules = ["---" if column < left else "---:" for column in range(len(header))]
    lines = [header, rules, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: frozenset[int]) -> str:
    """A table in fixed-width text; the columns in `left` are left-aligned."""
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])


def number(value: float | None, digits: int, *, signed: bool = False) -> str:
    """A number with fixed digits, or a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def percent(value: float, digits: int = 2) -> str:
    """A share such as an SSIM, in percent without the sign."""
    return number(100.0 * value, digits)


def mean_sd(mean: float, sd: float, digits: int = 2) -> str:
    """``86.29 ± 4.30``; a dash where there is no mean, no second part where there is no deviation."""
    if math.isnan(mean):
        return DASH
    return f"{mean:.{digits}f}" if math.isnan(sd) else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def p_text(p_value: float) -> str:
    """A p value as journals print it."""
    if math.isnan(p_value):
        return DASH
    return "< .001" if p_value < 0.001 else f"{p_value:.3f}".removeprefix("0")


def p_phrase(p_value: float) -> str:
    """The same in a sentence: p < .001, p = .036."""
    text = p_text(p_value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _is_missing(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))
