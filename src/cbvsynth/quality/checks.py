"""The catalogue of checks: what is judged, by which limit, and under which heading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cbvsynth.domain.examination import image_label
from cbvsynth.quality.limits import Limits
from cbvsynth.registration.rigid import MAX_DISPLACEMENT_MM


class Group(StrEnum):
    """Headings of the paper's flow chart, with some of our own, in the order in which examinations leave it.

    Source: the paper's exclusions are metal artefact, failed CBV, poor standard MRI and age; the
    others are what else goes wrong with files.
    """

    UNREADABLE = "missing or unreadable file"
    DUPLICATE = "duplicate"
    UNDER_AGE = "under age"
    METAL = "metal artefact"
    FAILED_CBV = "failed CBV or misregistration"
    POOR_STANDARD = "poor standard MRI"
    WRONG_UNIT = "wrong unit"
    WRONG_FILE = "wrong file"


class Severity(StrEnum):
    """What a failed check does: drop the examination, stop the run, or merely warn."""

    DROP = "drop"
    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True)
class RangeCheck:
    """One measured number and the interval it must lie in; NaN (not judged) always passes.

    Attributes:
        column: column of the measurements, and the check's name.
        title: what is measured, for people.
        group: heading under which an examination is dropped.
        unit: unit of the number, empty for a pure one.
        minimum: lower limit, None if there is none.
        maximum: upper limit, None if there is none.
        strict: whether the limits themselves already fail.
    """

    column: str
    title: str
    group: Group
    unit: str
    minimum: float | None
    maximum: float | None
    strict: bool

    @property
    def interval(self) -> str:
        """The limits in words, as in ``above 0.95`` or ``500 to 1500 1e-6 mm2/s``."""
        unit = f" {self.unit}" if self.unit else ""
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}{unit}"
        if self.maximum is not None:
            return f"{'below' if self.strict else 'at most'} {self.maximum:g}{unit}"
        return f"{'above' if self.strict else 'at least'} {self.minimum:g}{unit}"

    def reason(self, value: float, detail: str = "") -> str:
        """Why an examination with this value is dropped: heading, found, expected.

        `detail` says which image it is.
        """
        of = f" ({detail})" if detail else ""
        return f"{self.group}: {self.title} is {shown(value)}{of}, expected {self.interval}"


@dataclass(frozen=True)
class _Entry:
    """A check before a laboratory's limits are put in; `lower` and `upper` are keys of limits.yaml."""

    column: str
    title: str
    group: Group
    lower: str = ""
    upper: str = ""
    unit: str = ""
    strict: bool = True

    def with_limits(self, limits: Limits) -> RangeCheck:
        minimum = getattr(limits, self.lower) if self.lower else None
        maximum = getattr(limits, self.upper) if self.upper else None
        return RangeCheck(self.column, self.title, self.group, self.unit, minimum, maximum, self.strict)


def worse_than_study(column: str) -> str:
    """Column that compares a measurement with those of the study."""
    return f"{column}_worse_than_study"


_DISPLACEMENTS = tuple(
    _Entry(
        f"{role}_displacement_mm",
        f"displacement of {image_label(role)} from T1 or the first sequence",
        Group.FAILED_CBV,
        upper="displacement_mm_max",
        unit="mm",
        strict=False,
    )
    for role in ("t2", "t1c", "flair", "adc", "asl", "cbv")
)
_CATALOGUE = (
    _Entry(
        "adc_void_fraction",
        "share of the brain without ADC (void)",
        Group.METAL,
        upper="adc_void_fraction_max",
    ),
    _Entry(
        "cbv_void_fraction",
        "share of the brain without CBV (void)",
        Group.METAL,
        upper="cbv_void_fraction_max",
    ),
    _Entry(
        "cbv_support_dice",
        "overlap (Dice) of CBV with the brain mask",
        Group.FAILED_CBV,
        lower="cbv_support_dice_min",
    ),
    _Entry(
        "adc_support_dice",
        "overlap (Dice) of ADC with the brain mask",
        Group.FAILED_CBV,
        lower="adc_support_dice_min",
    ),
    _Entry(
        "cbv_negative_share",
        "share of the brain whose CBV is below 0",
        Group.FAILED_CBV,
        upper="cbv_negative_share_max",
        strict=False,
    ),
    *_DISPLACEMENTS,
    _Entry(
        "laterality",
        "fit of edges to the other images as it lies, less the fit mirrored left to right",
        Group.WRONG_FILE,
        lower="laterality_min",
    ),
    _Entry(
        "edge_agreement",
        "least correlation of a sequence's edges with another's",
        Group.POOR_STANDARD,
        lower="edge_agreement_min",
    ),
    _Entry(
        "ghost_ratio",
        "largest ghost-to-signal ratio of a standard sequence",
        Group.POOR_STANDARD,
        upper="ghost_ratio_max",
    ),
    _Entry("snr", "least signal-to-noise ratio of a standard sequence", Group.POOR_STANDARD, lower="snr_min"),
    *(
        _Entry(
            worse_than_study(column),
            f"worsening of {words} against the study's median",
            Group.POOR_STANDARD,
            upper="worse_than_study_sd_max",
            unit="robust standard deviations",
            strict=False,
        )
        for column, words in (
            ("edge_agreement", "the agreement of edges"),
            ("ghost_ratio", "the ghost-to-signal ratio"),
            ("snr", "the signal-to-noise ratio"),
        )
    ),
    _Entry(
        "standard_zero_fraction",
        "largest share of zero voxels of a standard sequence",
        Group.POOR_STANDARD,
        upper="standard_zero_fraction_max",
    ),
    _Entry("matrix", "in-plane matrix", Group.POOR_STANDARD, lower="matrix_min", unit="voxels", strict=False),
    _Entry("slices", "number of slices", Group.POOR_STANDARD, lower="slices_min", strict=False),
    _Entry(
        "adc_median",
        "median ADC in the brain",
        Group.WRONG_UNIT,
        lower="adc_median_min",
        upper="adc_median_max",
        unit="(in 1e-6 mm2/s)",
        strict=False,
    ),
    _Entry(
        "asl_median",
        "median CBF of arterial spin labelling in the brain",
        Group.WRONG_UNIT,
        lower="asl_median_min",
        upper="asl_median_max",
        unit="mL/100 g/min",
        strict=False,
    ),
    _Entry(
        "cbv_median",
        "median CBV in the brain",
        Group.WRONG_UNIT,
        lower="cbv_median_min",
        upper="cbv_median_max",
        unit="mL/100 g",
        strict=False,
    ),
    _Entry(
        "input_negative_share",
        "largest share of the brain below 0 in a sequence (z-scores, or a wrong slope)",
        Group.WRONG_UNIT,
        upper="input_negative_share_max",
        strict=False,
    ),
    _Entry(
        "t1c_t1_correlation",
        "correlation of T1C with T1",
        Group.WRONG_FILE,
        upper="t1c_t1_correlation_max",
    ),
    _Entry(
        "brain_volume_ml",
        "brain volume",
        Group.WRONG_FILE,
        upper="brain_volume_ml_max",
        unit="mL",
        strict=False,
    ),
    _Entry(
        "whole_brain_volume_ml",
        "brain volume, a slab extrapolated",
        Group.WRONG_FILE,
        lower="brain_volume_ml_min",
        unit="mL",
        strict=False,
    ),
    _Entry(
        "lesion_share",
        "share of the brain that is lesion",
        Group.WRONG_FILE,
        upper="lesion_share_max",
        strict=False,
    ),
    _Entry(
        "field_of_view_min_mm",
        "smaller in-plane field of view",
        Group.WRONG_FILE,
        lower="field_of_view_mm_min",
        unit="mm",
        strict=False,
    ),
    _Entry(
        "field_of_view_max_mm",
        "larger in-plane field of view",
        Group.WRONG_FILE,
        upper="field_of_view_mm_max",
        unit="mm",
        strict=False,
    ),
)
_MOVED = RangeCheck(
    "moved_mm",
    "largest displacement of a raw image, which preprocess mends",
    Group.FAILED_CBV,
    "mm",
    None,
    MAX_DISPLACEMENT_MM,
    strict=False,
)
_SAME_IMAGE_TWICE = RangeCheck(
    "identical_images", "number of images equal to another", Group.WRONG_FILE, "", None, 0, strict=False
)
_MARKERS = RangeCheck(
    "marker_share",
    "largest share of an image that holds a mark for 'no value', such as -999",
    Group.WRONG_UNIT,
    "",
    None,
    0,
    strict=False,
)
_AGE = _Entry("age", "age", Group.UNDER_AGE, lower="age_years_min", unit="years", strict=False)


def measurement_checks(limits: Limits) -> tuple[RangeCheck, ...]:
    """Every check of a measured number, in the order of the report."""
    return (*(entry.with_limits(limits) for entry in _CATALOGUE), _MOVED, _SAME_IMAGE_TWICE, _MARKERS)


def age_check(limits: Limits) -> RangeCheck:
    """The check of the manifest's age column, years."""
    return _AGE.with_limits(limits)


def shown(value: float) -> str:
    """A number for people: four significant digits, without an exponent where that reads well."""
    text = f"{value:.4g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e9 else text
