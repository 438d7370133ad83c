"""The paper's Table 2 as data.

Source: Wang, Pan et al. 2023, Table 2: SSIM in percent, mean and standard deviation over the 227
held-out examinations of the paper's own, non-public cohort.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cbvsynth.domain.sequences import PAPER_ALGORITHMS, Combination, ModelId


@dataclass(frozen=True)
class PaperScore:
    """SSIM in percent as printed."""

    mean_pct: float
    sd_pct: float


@cache
def paper_table2() -> dict[ModelId, PaperScore]:
    """The paper's value for each of the 62 models."""
    text = files("cbvsynth.pages.tables").joinpath("paper_table2.csv").read_text(encoding="utf-8")
    table: dict[ModelId, PaperScore] = {}
    for row in csv.DictReader(text.splitlines()):
        for algorithm in PAPER_ALGORITHMS:
            table[ModelId(algorithm, Combination.parse(row["combination"]))] = PaperScore(
                mean_pct=float(row[f"{algorithm}_ssim_mean_pct"]),
                sd_pct=float(row[f"{algorithm}_ssim_sd_pct"]),
            )
    return table


def paper_score_text(model: ModelId) -> str:
    """The paper's SSIM of a model as printed; empty where the paper has no such model."""
    score = paper_table2().get(model)
    return f"{score.mean_pct:.2f} ± {score.sd_pct:.2f}" if score else ""
