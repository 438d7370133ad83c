"""What goes into a verdict and what comes out of it, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId


@dataclass(frozen=True)
class ScoredModel:
    """One model of the sweep with its held-out scores and with what it was made from."""

    model: ModelId
    scores: tuple[ExamScore, ...]
    digest: str
    """Digest of the exported SavedModel, the one that was scored."""
    target_unit: str
    data_range: float
    data_fingerprint: str
    preprocessing_version: str
    ssim_conventions: Mapping[str, str]


@dataclass(frozen=True)
class PresentChampion:
    """The model version that people are served with now, and its scores as they were promoted."""

    version: int
    model: str
    digest: str
    """Digest of its SavedModel."""
    data_fingerprint: str
    """Version of the data that its scores were taken on."""
    scores: tuple[ExamScore, ...]
    settings: GateSettings | None = None
    """The limits that it passed; None where they are not known, as of an earlier release."""


@dataclass(frozen=True)
class Check:
    """One question of the gate; `passed` is None where the data cannot answer it."""

    name: str
    passed: bool | None
    found: int | float | None
    """A count or a measure."""
    limit: int | float | None
    text: str
    low: float | None = None
    """Lower end of the interval of what was found, where it has one; the interval is what is judged."""
    high: float | None = None


class Checked:
    """What the gate's checks were asked of."""

    checks: tuple[Check, ...]

    @property
    def passes(self) -> bool:
        """Whether no check failed; one that could not be answered does not fail."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that it failed."""
        return tuple(check.name for check in self.checks if check.passed is False)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Names of the checks that the data could not answer."""
        return tuple(check.name for check in self.checks if check.passed is None)


@dataclass(frozen=True)
class Stability:
    """How far the verdict depends on who was held out: the held-out patients drawn again, many times.

    In each draw the models are ranked again and every measure is held against its limit again.
    """

    draws: int
    same_winner: float | None
    """Share of the draws that choose the candidate; None where there is none, or one patient only."""
    no_winner: float | None
    """Share of the draws in which no model is within all limits; None with one patient only."""
    rivals: Mapping[str, float]
    """The other models that some draw chooses, most often first, with their shares."""


@dataclass(frozen=True)
class Standing(Checked):
    """A model's place, its mean scores that matter to the gate, and its checks; None where there is none."""

    rank: int
    model: str
    digest: str
    examinations: int
    patients: int
    select_by_mean: float | None
    select_by_sd: float | None
    lesion_examinations: int
    lesion_bias: float | None
    lesion_error: float | None
    checks: tuple[Check, ...]


class Outcome(StrEnum):
    """The verdict in one word."""

    PROMOTE = "promote"
    NO_MODEL_PASSES = "no-model-passes"
    ALREADY_CHAMPION = "already-champion"
    NOT_COMPARABLE = "not-comparable"
    NOT_BETTER = "not-better"


@dataclass(frozen=True)
class ChampionComparison:
    """Candidate against the present champion; the numbers are None where they were not comparable.

    Differences are candidate minus champion in the `select_by` column, averaged per patient first.
    """

    version: int
    model: str
    digest: str
    data_fingerprint: str
    examinations: int
    patients: int
    mean_difference: float | None
    confidence_low: float | None
    confidence_high: float | None
    p_value: float | None
    checks: tuple[Check, ...]
    settings: GateSettings | None = None
    """The limits that it passed, where they are known."""


@dataclass(frozen=True)
class Evidence:
    """SHA-256 of every table that the verdict was computed from."""

    per_exam: Mapping[str, str]
    """Of each model's per_exam.csv, by model."""
    baselines: str
    """Of the baselines' table."""
    champion: str = ""
    """Of the present champion's table; empty when there is no champion."""


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, why, and everything that is needed to decide it again."""

    outcome: Outcome
    text: str
    candidate: Standing | None
    refused: tuple[Standing, ...]
    """Models that rank above the candidate and failed a guard; all models when there is no candidate."""
    champion: ChampionComparison | None
    champions_by_availability: Mapping[str, str]
    """Slug of the available sequences -> best passing model; a pattern without one is absent."""
    leaders: tuple[Standing, ...]
    """The top of the leaderboard."""
    baselines: Mapping[str, Mapping[str, float | None]]
    """Mean `select_by` and mean lesion error of each trivial map."""
    models: int
    examinations: int
    patients: int
    optimism: float
    """By how much the winner's mean is too high for having been chosen on these examinations."""
    stability: Stability
    failed_guards: Mapping[str, tuple[str, ...]]
    """Every model that failed a guard -> names of those it failed, by rank."""
    loosened: tuple[str, ...]
    """Limits that are looser than this release's, each in words; empty where none is."""
    target_unit: str
    data_range: float
    data_fingerprint: str
    preprocessing_version: str
    ssim_conventions: Mapping[str, str]
    settings: GateSettings
    evidence: Evidence

    @property
    def promote(self) -> bool:
        """Whether the registry is to make the candidate its champion."""
        return self.outcome is Outcome.PROMOTE

    @property
    def shown_model(self) -> str:
        """The model to show in pictures: the candidate, else the best by SSIM."""
        return self.candidate.model if self.candidate else self.leaders[0].model
