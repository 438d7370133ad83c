"""The limits of the checks, as a laboratory sets them in limits.yaml."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from cbvsynth.domain.geometry import MAX_UNREGISTERED_MM
from cbvsynth.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Limits of all checks; units, meaning and origin stand beside each number in limits.yaml.

    Raises:
        UsageError: a lower limit is above its upper one.
    """

    adc_void_fraction_max: float = 0.03
    cbv_void_fraction_max: float = 0.03
    cbv_support_dice_min: float = 0.95
    adc_support_dice_min: float = 0.95
    cbv_negative_share_max: float = 0.1
    displacement_mm_max: float = MAX_UNREGISTERED_MM
    laterality_min: float = 0
    edge_agreement_min: float = 0.3
    ghost_ratio_max: float = 0.02
    snr_min: float = 6
    worse_than_study_sd_max: float = 5
    standard_zero_fraction_max: float = 0.1
    matrix_min: float = 32
    slices_min: float = 7
    adc_median_min: float = 500
    adc_median_max: float = 1500
    asl_median_min: float = 10
    asl_median_max: float = 120
    cbv_median_min: float = 1
    cbv_median_max: float = 10
    input_negative_share_max: float = 0.05
    t1c_t1_correlation_max: float = 0.99
    brain_volume_ml_min: float = 300
    brain_volume_ml_max: float = 2000
    lesion_share_max: float = 0.4
    field_of_view_mm_min: float = 120
    field_of_view_mm_max: float = 500
    age_years_min: float = 18
    held_out_share: float = 0.3
    held_out_share_tolerance: float = 0.05

    def __post_init__(self) -> None:
        for field in fields(self):
            upper_name = field.name.removesuffix("_min") + "_max"
            lower, upper = getattr(self, field.name), getattr(self, upper_name, math.inf)
            if field.name.endswith("_min") and lower > upper:
                raise UsageError(
                    f"The limits have {field.name} {lower:g} above {upper_name} {upper:g}; no value could "
                    "pass. Exchange them."
                )


SCANNER_LIMITS = (
    "displacement_mm_max",
    "edge_agreement_min",
    "ghost_ratio_max",
    "snr_min",
    "standard_zero_fraction_max",
    "cbv_negative_share_max",
    "t1c_t1_correlation_max",
)
"""Limits that a scanner and its protocol move; the others are physics, definitions or choices."""

LEARNED = "learned"
"""Key of limits.yaml that says where a laboratory's own limits come from."""


@dataclass(frozen=True)
class Learned:
    """Where a laboratory's own limits come from: `cbvsynth limits suggest` writes it.

    `limits` are the keys that were learned, `examinations` how many they rest on, `study` the digest of the
    numbers measured of these, `date` the day, as in 2026-11-28.
    """

    limits: tuple[str, ...] = ()
    examinations: int = 0
    study: str = ""
    date: str = ""


@dataclass(frozen=True)
class LimitsInUse:
    """Limits, and where they come from."""

    limits: Limits
    learned: Learned

    def still_default(self) -> tuple[str, ...]:
        """Limits of the scanner that nobody has learned or set."""
        ours = asdict(Limits())
        return tuple(
            name
            for name in SCANNER_LIMITS
            if name not in self.learned.limits and getattr(self.limits, name) == ours[name]
        )

    def sentences(self) -> tuple[str, ...]:
        """What the limits rest on, for people."""
        texts = []
        if self.learned.limits:
            texts.append(
                f"limits learned from {self.learned.examinations} good examinations on {self.learned.date} "
                f"(study {self.learned.study[:12]}): {', '.join(self.learned.limits)}"
            )
        default = self.still_default()
        if default:
            texts.append(
                "limits of the scanner that are still the defaults, which rest on phantoms and few real "
                f"examinations: {', '.join(default)}; 'cbvsynth limits suggest' learns them from yours"
            )
        return tuple(texts)


def read_limits(path: Path) -> LimitsInUse:
    """Read limits.yaml; a key that is left out keeps its default.

    Raises:
        UsageError: the file is missing or not YAML, a key is unknown or named twice, a value is not a
            finite number, a lower limit is above its upper one, or the file does not say where its learned
            limits come from.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506  # a SafeLoader
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; name the file of limits with --limits.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not readable as YAML ({error}); expected lines 'key: number'."
        ) from error
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds {type(content).__name__}; expected lines 'key: number'.")
    learned = _learned(content.pop(LEARNED, None), path)
    known = [field.name for field in fields(Limits)]
    for key, value in content.items():
        if key not in known:
            raise UsageError(f"{path}: '{key}' is not a limit; expected one of {', '.join(known)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{path}: {key} is '{value}'; expected a finite number.")
    return LimitsInUse(Limits(**{key: float(value) for key, value in content.items()}), learned)


def _learned(content: Any, path: Path) -> Learned:  # noqa: ANN401  # whatever the file holds
    if content is None:
        return Learned()
    kinds = {"limits": list, "examinations": int, "study": str, "date": str}
    if (
        not isinstance(content, dict)
        or set(content) != set(kinds)
        or not all(isinstance(content[key], kind) for key, kind in kinds.items())
        or not set(content["limits"]) <= set(SCANNER_LIMITS)
    ):
        raise UsageError(
            f"{path}: '{LEARNED}' does not say where limits come from; expected what `cbvsynth limits "
            f"suggest` writes: {', '.join(kinds)}, the limits being some of {', '.join(SCANNER_LIMITS)}."
        )
    return Learned(tuple(content["limits"]), content["examinations"], content["study"], content["date"])


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002  # PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
