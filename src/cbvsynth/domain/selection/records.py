"""What goes into a verdict and what comes out of it, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cbvsynth.domain.ranges import MAX_SEED
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import UsageError


@dataclass(frozen=True)
class GateSettings:
    """The limits of the gate; `select_by` is one of the SSIM columns.

    `max_lesion_bias` is in the target's unit (mL/100 g, or the relative unit of a relative study).

    Raises:
        UsageError: a limit that no number could meet or that is not one, or an unknown column.
    """

    select_by: str = "ssim_3d_whole"
    required_baselines: tuple[str, ...] = ("constant-mean",)
    min_examinations: int = 10
    max_lesion_bias: float = 1.0
    margin: float = 0.0
    alpha: float = 0.05
    bootstrap_samples: int = 2000
    seed: int = 2023

    def __post_init__(self) -> None:
        if self.select_by not in SSIM_CONVENTIONS:
            raise UsageError(
                f"select_by is '{self.select_by}'; models are selected by SSIM: give one of "
                f"{', '.join(SSIM_CONVENTIONS)}."
            )
        limits = (
            (
                "min_examinations",
                self.min_examinations,
                2 <= self.min_examinations <= 1_000_000,
                "2 to 1000000",
            ),
            (
                "max_lesion_bias",
                self.max_lesion_bias,
                0 < self.max_lesion_bias <= 1_000_000,
                "above 0, at most 1000000",
            ),
            ("margin", self.margin, 0 <= self.margin < 1, "from 0 to below 1"),
            ("alpha", self.alpha, 0 < self.alpha < 1, "between 0 and 1"),
            # All resamples are held at once: 100 000 of 1000 patients are 0.8 GB.
            (
                "bootstrap_samples",
                self.bootstrap_samples,
                100 <= self.bootstrap_samples <= 100_000,
                "100 to 100000",
            ),
            ("seed", self.seed, 0 <= self.seed <= MAX_SEED, f"0 to {MAX_SEED}"),
        )
        for name, found, fits, expected in limits:
            if not fits:
                raise UsageError(f"{name} is {found}; expected {expected}. Change the flag or params.yaml.")


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


@dataclass(frozen=True)
class Check:
    """One question of the gate; `passed` is None where the data cannot answer it."""

    name: str
    passed: bool | None
    found: int | float | None
    """A count or a measure."""
    limit: int | float | None
    text: str


@dataclass(frozen=True)
class Standing:
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

    @property
    def passes(self) -> bool:
        """Whether no check failed; one that could not be answered does not fail."""
        return all(check.passed is not False for check in self.checks)


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
