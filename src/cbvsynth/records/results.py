"""Result tables on disk: one CSV row per model and held-out examination."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import MISSING, fields
from pathlib import Path

from cbvsynth.domain.ranges import per_cent_hint
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.records.csv_codec import CsvFile

LARGEST = 1e9
"""Far above any CBV, volume or PSNR there is, in whatever unit. Without such a limit a damaged number
overflows when it is squared. Our choice."""
_ROUNDING = 1e-6
"""By how much rounding may carry an SSIM or a correlation beyond 1."""

_LIMITS = {
    **dict.fromkeys((*SSIM_CONVENTIONS, "ncc_brain", "ncc_lesion"), (-1 - _ROUNDING, 1 + _ROUNDING)),
    **dict.fromkeys(("data_range", "mae_whole", "mae_brain", "mae_lesion", "lesion_volume_ml"), (0, LARGEST)),
    **dict.fromkeys(
        (
            *("psnr_whole", "psnr_brain", "lesion_cbv_real", "lesion_cbv_synthetic", "lesion_hot_spot_real"),
            *("lesion_hot_spot_synthetic", "brain_cbv_real", "brain_cbv_synthetic"),
        ),
        (-LARGEST, LARGEST),
    ),
}
_LATER_COLUMNS = frozenset(field.name for field in fields(ExamScore) if field.default is not MISSING)
"""May be missing from a table of an earlier release, and are NaN then."""
_MAY_BE_MISSING = _LATER_COLUMNS | {
    *("mae_lesion", "lesion_cbv_real", "lesion_cbv_synthetic", "lesion_volume_ml"),
}
_UNBOUNDED_COLUMNS = frozenset({"psnr_whole", "psnr_brain"})
"""Infinite where both maps are equal."""


def _problem(score: ExamScore) -> str:
    for name, (low, high) in _LIMITS.items():
        value = getattr(score, name)
        if math.isnan(value) and name not in _MAY_BE_MISSING:
            return f"{name} is nan; expected a number, as only lesion values may be missing"
        if (value < low or value > high) and not (value == math.inf and name in _UNBOUNDED_COLUMNS):
            return f"{name} is {value:g}; expected {low:g} to {high:g}{per_cent_hint(value, high)}"
    return ""


# All text is quoted, because a carriage return in it would otherwise end the row (Python < 3.13).
_FILE = CsvFile(
    ExamScore, "a table of scores", maker="train", key=("model", "exam_id"), quote_text=True, problem=_problem
)


def write_scores(path: Path, scores: Iterable[ExamScore]) -> None:
    """Write scores as CSV, floats in the shortest form that reads back exactly, atomically.

    A lesion value that does not exist is written as nan, an unbounded PSNR as inf.
    """
    _FILE.write(path, scores)


def read_scores(path: Path) -> tuple[ExamScore, ...]:
    """Read what `write_scores` wrote.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, has other columns, a value is not a
            number where there must be one or is one that no map can score, or a model has two rows for
            one examination.
    """
    return _FILE.read(path)
