"""The paper's Table 2 in the paper's form, with its numbers beside ours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.selection.leaderboard import LeaderboardRow
from cbvsynth.domain.sequences import (
    PAPER_ALGORITHMS,
    PAPER_SEQUENCES,
    Algorithm,
    Combination,
    ModelId,
    all_combinations,
)
from cbvsynth.pages.tables.formats import DASH, markdown_table, mean_sd, write_csv
from cbvsynth.pages.tables.paper import paper_table2

CAPTION = (
    "SSIM in %, mean ± standard deviation over the held-out examinations, after Table 2 of Wang, Pan et al. "
    "2023. The paper's cohort, units and dynamic range are its own: patterns may be compared, single "
    "values may not. The best value of each column is bold; a dash is a model outside this sweep. "
    "Models that read ASL, which the paper does not have, are in the leaderboard alone."
)


@dataclass(frozen=True)
class Table2Cell:
    """SSIM in percent; NaN where the model is not in the sweep."""

    mean_pct: float
    sd_pct: float
    best: bool

    @property
    def text(self) -> str:
        """As printed."""
        return mean_sd(self.mean_pct, self.sd_pct)


@dataclass(frozen=True)
class Table2Row:
    """One combination: ours for each algorithm of the sweep and the paper's two, the paper's for these."""

    combination: Combination
    ours: Mapping[Algorithm, Table2Cell]
    paper: Mapping[Algorithm, Table2Cell]

    @property
    def cells(self) -> tuple[Table2Cell, ...]:
        """Cells in print order: ours and, where there is one, the paper's, algorithm by algorithm."""
        return tuple(
            cells[algorithm]
            for algorithm in self.ours
            for cells in (self.ours, self.paper)
            if algorithm in cells
        )

    @property
    def is_ours(self) -> tuple[bool, ...]:
        """Of each of `cells`: whether it is ours."""
        return tuple(ours for algorithm in self.ours for ours in (True, False)[: self.width(algorithm)])

    def width(self, algorithm: Algorithm) -> int:
        """Cells of an algorithm: 2 of the paper's two, 1 of any other."""
        return 2 if algorithm in self.paper else 1

    @property
    def dots(self) -> tuple[str, ...]:
        """A dot under each sequence that the combination uses."""
        return tuple("●" if sequence in self.combination.sequences else "" for sequence in PAPER_SEQUENCES)


def table2_rows(rows: Iterable[LeaderboardRow], column: str) -> tuple[Table2Row, ...]:
    """All 31 combinations in the paper's order; `column` is the SSIM column to show."""
    paper = {model: (score.mean_pct, score.sd_pct) for model, score in paper_table2().items()}
    ours = {ModelId.parse(row.model): (100 * row.mean[column], 100 * row.sd[column]) for row in rows}
    trained = {model.algorithm for model in ours}
    shown = (*PAPER_ALGORITHMS, *(name for name in Algorithm if name in trained - set(PAPER_ALGORITHMS)))
    best_ours = {algorithm: _best(ours, algorithm) for algorithm in shown}
    best_paper = {algorithm: _best(paper, algorithm) for algorithm in PAPER_ALGORITHMS}
    return tuple(
        Table2Row(
            combination=combination,
            ours={name: _cell(ours, ModelId(name, combination), best_ours[name]) for name in shown},
            paper={
                name: _cell(paper, ModelId(name, combination), best_paper[name]) for name in PAPER_ALGORITHMS
            },
        )
        for combination in all_combinations()
    )


def _best(values: Mapping[ModelId, tuple[float, float]], algorithm: Algorithm) -> float:
    means = [mean for model, (mean, _) in values.items() if model.algorithm is algorithm]
    return max((mean for mean in means if not math.isnan(mean)), default=math.nan)


def _cell(values: Mapping[ModelId, tuple[float, float]], model: ModelId, best: float) -> Table2Cell:
    mean, sd = values.get(model, (math.nan, math.nan))
    return Table2Cell(mean, sd, best=mean == best)


def write_table2_csv(path: Path, rows: Sequence[Table2Row]) -> None:
    """Write one line per combination, SSIM in percent at full precision."""
    header = ["combination", "num_sequences"]
    for algorithm in rows[0].ours:
        parts = ("mean_pct", "sd_pct", "paper_mean_pct", "paper_sd_pct")[: 2 * rows[0].width(algorithm)]
        header += [f"{algorithm}_{part}" for part in parts]
    write_csv(
        path,
        header,
        (
            [
                row.combination.slug,
                len(row.combination.sequences),
                *(value for cell in row.cells for value in (cell.mean_pct, cell.sd_pct)),
            ]
            for row in rows
        ),
    )


def table2_markdown(rows: Sequence[Table2Row]) -> str:
    """Markdown with the caption below."""
    header = ["Sequences"]
    for algorithm in rows[0].ours:
        header += [f"{algorithm.label}, {whose}" for whose in ("ours", "paper")[: rows[0].width(algorithm)]]
    lines = [
        [
            row.combination.label,
            *(f"**{cell.text}**" if cell.best and cell.text != DASH else cell.text for cell in row.cells),
        ]
        for row in rows
    ]
    return f"{markdown_table(header, lines)}\n\n{CAPTION}\n"
