"""The leaderboard for machines, repositories and terminals."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.selection.leaderboard import HIGHER_IS_BETTER, LeaderboardRow
from cbvsynth.errors import ResultError
from cbvsynth.pages.tables.formats import (
    DASH,
    Cell,
    markdown_table,
    mean_sd,
    number,
    percent,
    text_table,
    write_csv,
)

HEADER = (
    "rank",
    "model",
    "SSIM 3-D whole",
    "SSIM 3-D brain",
    "SSIM 2-D whole",
    "MAE brain",
    "lesion error",
    "lesion bias",
    "PSNR brain",
    "NCC brain",
)
"""Columns shown to people; leaderboard.csv has them all."""


_COUNTS = ("rank", "model", "examinations", "patients", "lesion_examinations")
_COLUMNS = (*_COUNTS, *(f"{column}_{part}" for column in HIGHER_IS_BETTER for part in ("mean", "sd")))


def write_leaderboard_csv(
    path: Path, rows: Sequence[LeaderboardRow], baselines: Sequence[LeaderboardRow]
) -> None:
    """Write every column's mean and standard deviation, SSIM as a share of 1; baselines have no rank."""
    lines: list[list[Cell]] = [
        [
            row.rank or None,
            row.model,
            row.examinations,
            row.patients,
            row.lesion_examinations,
            *(value for column in HIGHER_IS_BETTER for value in (row.mean[column], row.sd[column])),
        ]
        for row in (*rows, *baselines)
    ]
    write_csv(path, _COLUMNS, lines)


def read_leaderboard(path: Path) -> tuple[tuple[LeaderboardRow, ...], tuple[LeaderboardRow, ...]]:
    """Read what `write_leaderboard_csv` wrote: the models by rank, and the baselines.

    Raises:
        ResultError: the file is missing or is not a leaderboard.
    """
    try:
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise ResultError(f"{path} has other columns than a leaderboard; run evaluate again.")
            rows = [_read_row(row) for row in reader]
            if not any(row.rank for row in rows):
                raise ResultError(f"{path} holds no model; run evaluate again.")
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run evaluate first.") from error
    except (TypeError, ValueError) as error:
        raise ResultError(f"{path} is damaged ({error}); run evaluate again.") from error
    return tuple(row for row in rows if row.rank), tuple(row for row in rows if not row.rank)


def _read_row(row: dict[str, str]) -> LeaderboardRow:
    if None in row.values():
        raise ValueError("a row is cut short")

    def numbers(part: str) -> dict[str, float]:
        return {column: float(row[f"{column}_{part}"] or "nan") for column in HIGHER_IS_BETTER}

    return LeaderboardRow(
        rank=int(row["rank"] or 0),
        model=row["model"],
        examinations=int(row["examinations"]),
        patients=int(row["patients"]),
        lesion_examinations=int(row["lesion_examinations"]),
        mean=numbers("mean"),
        sd=numbers("sd"),
    )


def shown_cells(row: LeaderboardRow) -> list[str]:
    """One row as it is shown to people; a baseline, which has no rank, shows a dash there."""
    mean, sd = row.mean, row.sd
    return [
        str(row.rank) if row.rank else DASH,
        row.model,
        mean_sd(100 * mean["ssim_3d_whole"], 100 * sd["ssim_3d_whole"]),
        percent(mean["ssim_3d_brain"]),
        percent(mean["ssim_2d_whole"]),
        number(mean["mae_brain"], 2),
        number(mean["lesion_error"], 2),
        number(mean["lesion_bias"], 2, signed=True),
        number(mean["psnr_brain"], 1),
        number(mean["ncc_brain"], 3),
    ]


def leaderboard_note(rows: Sequence[LeaderboardRow], target_unit: str) -> str:
    """What the columns mean and what they were taken over."""
    first = rows[0]
    return (
        f"Means over the {first.examinations} held-out examinations of {first.patients} patients that all "
        f"models share ({first.lesion_examinations} with a segmented lesion). SSIM in % (mean ± standard "
        f"deviation for the first), MAE and lesion columns in {UNIT_WORDS[target_unit]}, PSNR in dB. Lesion "
        "bias: synthetic minus real; lesion error: its absolute value."
    )


def leaderboard_markdown(
    rows: Sequence[LeaderboardRow], baselines: Sequence[LeaderboardRow], target_unit: str
) -> str:
    """Markdown: the models by rank, then the trivial baselines, then what the columns mean."""
    lines = [shown_cells(row) for row in (*rows, *baselines)]
    return f"{markdown_table(HEADER, lines, left=2)}\n\n{leaderboard_note(rows, target_unit)}\n"


def leaderboard_text(
    rows: Sequence[LeaderboardRow], baselines: Sequence[LeaderboardRow], column: str, target_unit: str
) -> str:
    """Text for a terminal of 100 columns: rank, model, the column ranked by, and the lesion columns."""
    columns = list(dict.fromkeys((column, *_TERMINAL_COLUMNS)))
    header = ["rank", "model", *(_terminal_name(name) for name in columns)]
    lines = [
        [
            str(row.rank) if row.rank else DASH,
            row.model,
            *(_terminal_cell(row, name, column) for name in columns),
        ]
        for row in (*rows, *baselines)
    ]
    return f"{text_table(header, lines, frozenset({1}))}\n\n{leaderboard_note(rows, target_unit)}"


_TERMINAL_COLUMNS = ("ssim_3d_brain", "mae_brain", "lesion_error", "lesion_bias")


def _terminal_name(column: str) -> str:
    return f"{column} %" if column in SSIM_CONVENTIONS else column


def _terminal_cell(row: LeaderboardRow, name: str, column: str) -> str:
    scale = 100 if name in SSIM_CONVENTIONS else 1
    if name == column:
        return mean_sd(scale * row.mean[name], scale * row.sd[name])
    return number(scale * row.mean[name], 2, signed=name == "lesion_bias")
