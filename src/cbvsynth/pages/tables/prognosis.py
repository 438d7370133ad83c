"""Rows of the tables of prognosis, for people and for machines."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbvsynth.domain.statistics.censored import KaplanMeier
from cbvsynth.domain.statistics.horizon import HorizonAuc, HorizonDifference
from cbvsynth.domain.statistics.proportional_hazards import ProportionalityTest
from cbvsynth.pages.tables.formats import DASH, Cell, number, p_text
from cbvsynth.survival.prognosis import CBV_NAMES, Comparison, ModelResult, Prognosis

GROUP_HEADER = ("map", "lesion CBV", "patients", "events", "median, months (95 % CI)", "P (log-rank)")
RATIO_HEADER = ("model", "covariate", "hazard ratio (95 % CI)", "P", "P, proportional")
COX_CSV = (
    "model", "covariate", "hazard_ratio", "low", "high", "p", "proportional_chi2", "proportional_p",
)  # fmt: skip
MODEL_CSV = (
    "model", "log_likelihood", "lr_chi2", "lr_degrees", "lr_p", "proportional_chi2", "proportional_p",
    "c", "c_se", "c_low", "c_high",
    "horizon_months", "auc", "auc_se", "auc_low", "auc_high", "cases", "controls",
)  # fmt: skip
DIFFERENCE_CSV = (
    "first", "second", "c_difference", "c_se", "c_z", "c_p", "horizon_months",
    "auc_difference", "auc_se", "auc_z", "auc_p",
    "nri", "nri_cases", "nri_controls", "nri_se", "nri_z", "nri_p", "idi", "idi_se", "idi_z", "idi_p",
)  # fmt: skip
CURVE_CSV = ("map", "half", "month", "survival", "low", "high")


def model_header(result: Prognosis) -> tuple[str, ...]:
    """Of the table of models: an area for each horizon."""
    areas = (f"AUC at {horizon:g} months (95 % CI)" for horizon in result.horizons_months)
    return ("model", "χ²", "P (likelihood ratio)", "C (95 % CI)", *areas)


def group_rows(result: Prognosis, unit: str) -> list[list[str]]:
    """Two rows for each map."""
    rows = []
    for split in result.splits:
        name, cut = CBV_NAMES[split.kind], f"{split.median_cbv:.1f} {unit}"
        rows.append([name, f"at or below {cut}", *_group(split.low), p_text(split.test.p_value)])
        rows.append([name, f"above {cut}", *_group(split.high), ""])
    return rows


def ratio_rows(result: Prognosis) -> list[list[str]]:
    """A row for each covariate of each model."""
    return [
        [
            model.name if place == 0 else "",
            one.covariate,
            f"{number(one.ratio, 2)} ({number(one.low, 2)} to {number(one.high, 2)})",
            p_text(one.p_value),
            p_text(one.proportionality.p_value) if one.proportionality else DASH,
        ]
        for model in result.models
        for place, one in enumerate(model.ratios)
    ]


def model_rows(result: Prognosis) -> list[list[str]]:
    """A row for each model."""
    return [
        [
            model.name,
            f"{model.likelihood_ratio.chi_squared:.2f} ({model.likelihood_ratio.degrees})",
            p_text(model.likelihood_ratio.p_value),
            _interval(model.concordance.c, model.concordance.low, model.concordance.high),
            *(_interval(area.auc, area.low, area.high) if area else DASH for area in model.areas),
        ]
        for model in result.models
    ]


DIFFERENCE_HEADER = (
    "from", "to", "months", "C", "P", "AUC", "P", "NRI", "P", "IDI", "P",
)  # fmt: skip


def difference_rows(result: Prognosis) -> list[list[str]]:
    """A row for each comparison and horizon."""
    rows = []
    for one in result.comparisons:
        for place, horizon in enumerate(result.horizons_months):
            found = one.reclassifications[place]
            c = one.concordance
            rows.append(
                [
                    one.first,
                    one.second,
                    f"{horizon:g}",
                    number(c.difference if c else None, 3, signed=True),
                    p_text(c.p_value) if c else DASH,
                    *_difference(one.areas[place]),
                    *_difference(found.nri if found else None),
                    *_difference(found.idi if found else None),
                ]
            )
    return rows


def cox_csv(result: Prognosis) -> Iterator[list[Cell]]:
    """A row for each covariate of each model."""
    for model in result.models:
        for one in model.ratios:
            yield [
                model.name, one.covariate, one.ratio, one.low, one.high, one.p_value,
                *_proportionality_cells(one.proportionality),
            ]  # fmt: skip


def model_csv(result: Prognosis) -> Iterator[list[Cell]]:
    """A row for each model and horizon."""
    for model in result.models:
        for horizon, area in zip(result.horizons_months, model.areas, strict=True):
            yield [*_model_cells(model), horizon, *_area_cells(area)]


def difference_csv(result: Prognosis) -> Iterator[list[Cell]]:
    """A row for each comparison and horizon."""
    for one in result.comparisons:
        for place, horizon in enumerate(result.horizons_months):
            yield [*_comparison_cells(one), horizon, *_horizon_cells(one, place)]


def curve_csv(result: Prognosis) -> Iterator[list[Cell]]:
    """A row for each step of each curve."""
    for split in result.splits:
        for half, curve in (("low", split.low), ("high", split.high)):
            for step in zip(curve.time, curve.survival, curve.low, curve.high, strict=True):
                yield [split.kind.value, half, *step]


def _group(curve: KaplanMeier) -> list[str]:
    low, high = months(curve.median_low), months(curve.median_high)
    return [str(curve.patients), str(curve.events), f"{months(curve.median)} ({low} to {high})"]


def months(value: float) -> str:
    """A median of times, which may lie beyond all of them."""
    return number(value, 1) if math.isfinite(value) else "not reached"


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _difference(found: HorizonDifference | None) -> tuple[str, str]:
    return (number(found.difference, 3, signed=True), p_text(found.p_value)) if found else (DASH, DASH)


def _model_cells(model: ModelResult) -> list[Cell]:
    ratio, c = model.likelihood_ratio, model.concordance
    cells: list[Cell] = [model.name, model.log_likelihood, ratio.chi_squared, ratio.degrees, ratio.p_value]
    return [*cells, *_proportionality_cells(model.proportionality), c.c, c.standard_error, c.low, c.high]


def _proportionality_cells(test: ProportionalityTest | None) -> list[Cell]:
    return [test.chi_squared, test.p_value] if test else [None] * 2


def _area_cells(area: HorizonAuc | None) -> list[Cell]:
    if area is None:
        return [None] * 6
    return [area.auc, area.standard_error, area.low, area.high, area.cases, area.controls]


def _comparison_cells(one: Comparison) -> list[Cell]:
    c = one.concordance
    numbers: list[Cell] = [c.difference, c.standard_error, c.z, c.p_value] if c else [None] * 4
    return [one.first, one.second, *numbers]


def _horizon_cells(one: Comparison, place: int) -> list[Cell]:
    found = one.reclassifications[place]
    nri, idi = (found.nri, found.idi) if found else (None, None)
    parts: list[Cell] = [found.nri_cases, found.nri_controls] if found else [None, None]
    area, gain, moved = (_test_cells(test) for test in (one.areas[place], nri, idi))
    return [*area, gain[0], *parts, *gain[1:], *moved]


def _test_cells(test: HorizonDifference | None) -> list[Cell]:
    return [test.difference, test.standard_error, test.z, test.p_value] if test else [None] * 4
