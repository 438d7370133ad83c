"""The limits of the gate, what each may be, and which of two sets of limits is the looser."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cbvsynth.domain.options import Baseline
from cbvsynth.domain.ranges import MAX_SEED, per_cent_hint
from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.errors import UsageError


@dataclass(frozen=True)
class GateSettings:
    """The limits of the gate; `select_by` is one of the SSIM columns.

    `max_lesion_bias`, `max_diagnosis_bias` and `lesion_threshold` are in the target's unit (mL/100 g, or the
    relative unit of a relative study). Where the limits come from: docs/explanation/gate.md.

    Raises:
        UsageError: a limit that no number could meet or that is not one, or an unknown column.
    """

    select_by: str = "ssim_3d_whole"
    required_baselines: tuple[str, ...] = tuple(baseline.value for baseline in Baseline)
    min_examinations: int = 10
    max_lesion_bias: float = 1.0
    max_diagnosis_bias: float = 1.5
    min_diagnosis_patients: int = 4
    min_lesion_slope: float = 0.5
    min_lesion_concordance: float = 0.6
    min_lesion_texture: float = 0.2
    max_scale_error: float = 0.1
    high_perfusion: tuple[str, ...] = ("high-grade glioma",)
    low_perfusion: tuple[str, ...] = ("low-grade glioma", "metastasis", "radionecrosis", "lymphoma")
    max_auc_loss: float = 0.1
    lesion_threshold: float = 4.25
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
        both = sorted(set(self.high_perfusion) & set(self.low_perfusion))
        if both:
            raise UsageError(
                f"'{both[0]}' is in high_perfusion and in low_perfusion; expected each diagnosis in one of "
                "them. Change the flag or params.yaml."
            )
        for name, (low, high, expected) in _RANGES.items():
            found = getattr(self, name)
            if not low <= found <= high:
                raise UsageError(
                    f"{name} is {found}; expected {expected}{per_cent_hint(found, high)}. Change the flag or "
                    "params.yaml."
                )


_MOST = 1_000_000
_ABOVE_ZERO = 5e-324
_BELOW_ONE = 1 - 2**-53
_POSITIVE = (_ABOVE_ZERO, _MOST, "above 0, at most 1000000")
_SHARE = (0.0, 1.0, "0 to 1")
_CORRELATION = (-1.0, 1.0, "-1 to 1")

_RANGES: dict[str, tuple[float, float, str]] = {
    "min_examinations": (2, _MOST, "2 to 1000000"),
    "max_lesion_bias": _POSITIVE,
    "max_diagnosis_bias": _POSITIVE,
    "min_diagnosis_patients": (2, _MOST, "2 to 1000000"),
    "min_lesion_slope": _CORRELATION,
    "min_lesion_concordance": _CORRELATION,
    "min_lesion_texture": _CORRELATION,
    "max_scale_error": _POSITIVE,
    "max_auc_loss": _SHARE,
    "lesion_threshold": _POSITIVE,
    "margin": (0.0, _BELOW_ONE, "from 0 to below 1"),
    # The interval that is judged leaves alpha out on either side.
    "alpha": (_ABOVE_ZERO, 0.5 - 2**-54, "above 0, below 0.5"),
    # All resamples are held at once: 100 000 of 1000 patients are 0.8 GB.
    "bootstrap_samples": (100, 100_000, "100 to 100000"),
    "seed": (0, MAX_SEED, f"0 to {MAX_SEED}"),
}
"""Least and largest value, and how both are said."""


class Looser(Enum):
    """In which direction a limit lets more models through."""

    HIGHER = "at most"
    LOWER = "at least"


_DIRECTIONS = {
    "min_examinations": Looser.LOWER,
    "max_lesion_bias": Looser.HIGHER,
    "max_diagnosis_bias": Looser.HIGHER,
    "min_diagnosis_patients": Looser.HIGHER,
    "min_lesion_slope": Looser.LOWER,
    "min_lesion_concordance": Looser.LOWER,
    "min_lesion_texture": Looser.LOWER,
    "max_scale_error": Looser.HIGHER,
    "max_auc_loss": Looser.HIGHER,
    "margin": Looser.LOWER,
    "alpha": Looser.HIGHER,
}


def looser_limits(settings: GateSettings, than: GateSettings) -> tuple[str, ...]:
    """The limits that let more models through than another set does, each in words.

    A required baseline that is left out counts, and a list of diagnoses that is emptied, for both disarm a
    guard; another list of diagnoses does not, since every study has its own words.
    """
    found = []
    left_out = [name for name in than.required_baselines if name not in settings.required_baselines]
    if left_out:
        found.append(f"required_baselines lacks {', '.join(left_out)}")
    for name, looser in _DIRECTIONS.items():
        own, other = getattr(settings, name), getattr(than, name)
        if (own > other) if looser is Looser.HIGHER else (own < other):
            found.append(f"{name} is {own:g}, {looser.value} {other:g} expected")
    found += [
        f"{name} is empty"
        for name in ("high_perfusion", "low_perfusion")
        if getattr(than, name) and not getattr(settings, name)
    ]
    return tuple(found)
