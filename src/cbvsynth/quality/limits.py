"""The limits of the checks, as a laboratory sets them in limits.yaml."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

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
    t1_t2_gradient_correlation_min: float = 0.65
    t1_snr_min: float = 8
    standard_zero_fraction_max: float = 0.03
    matrix_min: float = 32
    slices_min: float = 7
    adc_median_min: float = 500
    adc_median_max: float = 1500
    cbv_median_min: float = 1
    cbv_median_max: float = 10
    input_negative_share_max: float = 0.05
    t1c_t1_correlation_max: float = 0.999
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


def read_limits(path: Path) -> Limits:
    """Read limits.yaml; a key that is left out keeps its default.

    Raises:
        UsageError: the file is missing or not YAML, a key is unknown or named twice, a value is not a
            finite number, or a lower limit is above its upper one.
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
    known = [field.name for field in fields(Limits)]
    for key, value in content.items():
        if key not in known:
            raise UsageError(f"{path}: '{key}' is not a limit; expected one of {', '.join(known)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{path}: {key} is '{value}'; expected a finite number.")
    return Limits(**{key: float(value) for key, value in content.items()})


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
