"""Does CBV tell prognosis, and does synthetic CBV tell as much as real CBV?

The prognostic half of the paper's Table 3: groups by the median of CBV, Cox models without and with CBV, and
what is gained in C, in the area under the time-dependent ROC curve, and in reclassification.

Models are fitted to the patients that they are judged on, as in the paper: C, areas, NRI and IDI flatter the
larger model. The likelihood-ratio test is the one that asks whether CBV belongs into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from scipy import stats

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.domain.statistics.censored import (
    Follow,
    KaplanMeier,
    LogRank,
    as_follow,
    kaplan_meier,
    log_rank,
)
from cbvsynth.domain.statistics.censored_concordance import (
    Concordance,
    ConcordanceComparison,
    compare_concordance,
    concordance,
)
from cbvsynth.domain.statistics.horizon import (
    HorizonAuc,
    HorizonDifference,
    HorizonReclassification,
    compare_horizon_auc,
    horizon_auc,
    horizon_reclassification,
)
from cbvsynth.domain.statistics.proportional_hazards import ProportionalityTest, proportionality_tests
from cbvsynth.domain.statistics.roc import PERFECT_NOTE
from cbvsynth.domain.statistics.samples import Float64Array, normal_quantile
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError
from cbvsynth.survival.cox import CoxModel, LikelihoodRatio, fit_cox, likelihood_ratio

CLINICAL = "clinical covariates"
CBV_NAMES = {MapKind.SYNTHETIC: "synthetic CBV", MapKind.REAL: "real CBV"}
EVENTS_PER_COVARIATE = 10
"""Below, hazard ratios are unstable. Source: Peduzzi P et al. J Clin Epidemiol 1995;48:1503-1510."""
FEW_AT_HORIZON = 10
"""Ours: below so many patients with the event, or beyond, an area is a rough guess."""
ALPHA = 0.05

Result = TypeVar("Result")


@dataclass(frozen=True)
class MedianSplit:
    """Survival of patients at or below the median of CBV, and above it."""

    kind: MapKind
    median_cbv: float
    low: KaplanMeier
    high: KaplanMeier
    test: LogRank


@dataclass(frozen=True)
class HazardRatio:
    """How the hazard is multiplied by one unit more of a covariate; Wald's interval and test."""

    covariate: str
    ratio: float
    low: float
    high: float
    p_value: float
    proportionality: ProportionalityTest | None
    """None where the events do not tell."""


@dataclass(frozen=True)
class ModelResult:
    """One Cox model; the likelihood ratio is of its CBV, or of all it has where it is of covariates only."""

    name: str
    ratios: tuple[HazardRatio, ...]
    proportionality: ProportionalityTest | None
    """Of all covariates together; None where the events do not tell."""
    log_likelihood: float
    likelihood_ratio: LikelihoodRatio
    concordance: Concordance
    areas: tuple[HorizonAuc | None, ...]
    """One for each horizon; None where there are too few patients."""


@dataclass(frozen=True)
class Comparison:
    """Two models on the same patients, second minus first; None where it cannot be told."""

    first: str
    second: str
    concordance: ConcordanceComparison | None
    """Its first is the second model, so that a positive z favours that."""
    areas: tuple[HorizonDifference | None, ...]
    reclassifications: tuple[HorizonReclassification | None, ...]


@dataclass(frozen=True)
class Prognosis:
    """Everything, and in `notes` what must be known before it is believed."""

    patients: int
    events: int
    left_out: int
    follow_up_months: float
    """Median, by reversed Kaplan-Meier."""
    horizons_months: tuple[float, ...]
    splits: tuple[MedianSplit, ...]
    models: tuple[ModelResult, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]


def analyse_prognosis(table: SurvivalTable, horizons_months: Sequence[float]) -> Prognosis:
    """Every statistic of the table; what cannot be computed is left out with a note.

    Raises:
        DataError: no patient or event, a time that is not above 0, or no horizon above 0.
    """
    follow = as_follow(table.time_months, table.event)
    horizons = tuple(dict.fromkeys(float(one) for one in horizons_months))
    if not horizons or not all(0 < one < np.inf for one in horizons):
        raise DataError("No horizon above 0 months; expected one at least, as 12.")
    notes = _Notes()
    asked = _answerable(follow, horizons, notes)
    fitted = _fit_all(follow, table, notes)
    models = tuple(_model(follow, name, fitted, asked, notes) for name in fitted)
    if any(_is_perfect(model) for model in models):
        notes.found.append(PERFECT_NOTE)
    return Prognosis(
        patients=follow.time.size,
        events=int(follow.event.sum()),
        left_out=table.left_out,
        follow_up_months=kaplan_meier(follow.time, ~follow.event).median,
        horizons_months=horizons,
        splits=tuple(
            split
            for kind in _kinds(table)
            if (split := notes.attempt(f"split by {CBV_NAMES[kind]}", _splitter(follow, table, kind)))
        ),
        models=models,
        comparisons=tuple(
            _compare(follow, (first, second), fitted, asked, notes)
            for first, second in _pairs(table)
            if first in fitted and second in fitted
        ),
        notes=tuple(dict.fromkeys(notes.found)),
    )


class _Notes:
    """Gathers why something could not be computed, or should not be leant on."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def attempt(self, name: str, compute: Callable[[], Result]) -> Result | None:
        try:
            return compute()
        except DataError as error:
            self.found.append(f"{name}: {error}")
            return None


def _answerable(follow: Follow, horizons: Sequence[float], notes: _Notes) -> dict[float, bool]:
    """Whether enough patients have the event by each horizon, and enough are followed beyond."""
    found = {}
    for horizon in horizons:
        area = notes.attempt(
            f"Horizon of {horizon:g} months",
            partial(horizon_auc, follow.time, follow.event, follow.time, horizon),
        )
        found[horizon] = area is not None
        if area and min(area.cases, area.controls) < FEW_AT_HORIZON:
            notes.found.append(
                f"At {horizon:g} months: {area.cases} with the event, {area.controls} beyond; areas, NRI "
                "and IDI are rough."
            )
    return found


def _kinds(table: SurvivalTable) -> list[MapKind]:
    return [kind for kind in CBV_NAMES if kind in table.cbv]


def _with(kind: MapKind) -> str:
    return f"{CLINICAL} and {CBV_NAMES[kind]}"


def _pairs(table: SurvivalTable) -> list[tuple[str, str]]:
    kinds = _kinds(table)
    pairs = [(CLINICAL, _with(kind)) for kind in kinds] if table.covariates else []
    if len(kinds) == 2:
        pairs += [(CBV_NAMES[MapKind.REAL], CBV_NAMES[MapKind.SYNTHETIC])]
        pairs += [(_with(MapKind.REAL), _with(MapKind.SYNTHETIC))] if table.covariates else []
    return pairs


def _fit_all(follow: Follow, table: SurvivalTable, notes: _Notes) -> dict[str, CoxModel]:
    asked: dict[str, Mapping[str, Float64Array]] = {}
    if table.covariates:
        asked[CLINICAL] = table.covariates
    for kind in _kinds(table):
        asked[CBV_NAMES[kind]] = {CBV_NAMES[kind]: table.cbv[kind]}
        if table.covariates:
            asked[_with(kind)] = {**table.covariates, CBV_NAMES[kind]: table.cbv[kind]}
    fitted = {}
    for name, covariates in asked.items():
        model = notes.attempt(name, partial(fit_cox, follow, covariates))
        if model is not None:
            fitted[name] = model
            if follow.event.sum() < EVENTS_PER_COVARIATE * len(covariates):
                notes.found.append(
                    f"{name}: {int(follow.event.sum())} events for {counted(len(covariates), 'covariate')}; "
                    f"with fewer than {EVENTS_PER_COVARIATE} each, hazard ratios are unstable."
                )
    return fitted


def _model(
    follow: Follow,
    name: str,
    fitted: Mapping[str, CoxModel],
    horizons: Mapping[float, bool],
    notes: _Notes,
) -> ModelResult:
    model = fitted[name]
    found = notes.attempt(
        name,
        partial(proportionality_tests, follow.time, follow.event, model.table, model.log_hazards),
    )
    *tests, together = found or [None] * (len(model.covariates) + 1)
    for covariate, test in zip(model.covariates, tests, strict=True):
        if test and test.p_value < ALPHA:
            notes.found.append(
                f"{name}: the hazard ratio of {covariate} changes over time (P = {test.p_value:.3f}); the "
                "one given is a mean over the follow-up."
            )
    areas = tuple(
        horizon_auc(follow.time, follow.event, model.predictor, one) if answerable else None
        for one, answerable in horizons.items()
    )
    smaller = fitted.get(CLINICAL) if set(model.covariates) & set(CBV_NAMES.values()) else None
    nested = smaller is not None and set(smaller.covariates) < set(model.covariates)
    return ModelResult(
        name=name,
        ratios=_ratios(model, tests),
        proportionality=together,
        log_likelihood=model.log_likelihood,
        likelihood_ratio=likelihood_ratio(smaller if nested else None, model),
        concordance=concordance(follow.time, follow.event, model.predictor),
        areas=areas,
    )


def _is_perfect(model: ModelResult) -> bool:
    return any(area is not None and np.isclose(area.auc, 1.0, rtol=0, atol=1e-9) for area in model.areas)


def _ratios(model: CoxModel, tests: Sequence[ProportionalityTest | None]) -> tuple[HazardRatio, ...]:
    found = []
    for name, estimate, error, test in zip(
        model.covariates, model.log_hazards, model.standard_errors, tests, strict=True
    ):
        half = normal_quantile(0.95) * error
        found.append(
            HazardRatio(
                covariate=name,
                ratio=float(np.exp(estimate)),
                low=float(np.exp(estimate - half)),
                high=float(np.exp(estimate + half)),
                p_value=float(2 * stats.norm.sf(abs(estimate / error))),
                proportionality=test,
            )
        )
    return tuple(found)


def _compare(
    follow: Follow,
    names: tuple[str, str],
    fitted: Mapping[str, CoxModel],
    horizons: Mapping[float, bool],
    notes: _Notes,
) -> Comparison:
    first, second = (fitted[name] for name in names)
    time, event = follow.time, follow.event
    label = f"{names[1]} against {names[0]}"

    def at(horizon: float, what: str, compute: Callable[[], Result]) -> Result | None:
        if not horizons[horizon]:
            return None
        return notes.attempt(f"{label}, {what} at {horizon:g} months", compute)

    return Comparison(
        *names,
        concordance=notes.attempt(
            f"{label}, C", partial(compare_concordance, time, event, second.predictor, first.predictor)
        ),
        areas=tuple(
            at(one, "area", partial(compare_horizon_auc, time, event, first.predictor, second.predictor, one))
            for one in horizons
        ),
        reclassifications=tuple(
            at(
                one,
                "NRI and IDI",
                partial(horizon_reclassification, time, event, first.risk_by(one), second.risk_by(one), one),
            )
            for one in horizons
        ),
    )


def _splitter(follow: Follow, table: SurvivalTable, kind: MapKind) -> Callable[[], MedianSplit]:
    def split() -> MedianSplit:
        cbv = table.cbv[kind]
        median = float(np.median(cbv))
        above = cbv > median
        test = log_rank(follow.time, follow.event, above)
        low, high = (kaplan_meier(follow.time[one], follow.event[one]) for one in (~above, above))
        return MedianSplit(kind, median, low, high, test)

    return split
