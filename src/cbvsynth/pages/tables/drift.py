"""Where patients from elsewhere are unlike those that a model learned from, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cbvsynth.domain.drift import MOSTLY_OUTSIDE, NOTABLE_SHIFT, Shift
from cbvsynth.pages.tables.formats import DASH, number, p_text, write_csv

DRIFT_HEADER = ("", "there", "here", "apart, SD", "outside the range", "P, corrected", "drift")
_CSV = (
    *("kind", "quantity", "reference_patients", "reference_mean", "reference_sd", "patients", "mean", "sd"),
    *("standardised", "outside", "p_corrected", "drifts"),
)


def drift_rows(shifts: Sequence[Shift]) -> list[tuple[str, ...]]:
    """One row a quantity."""
    return [
        (
            shift.quantity,
            _mean_sd(shift.reference_mean, shift.reference_sd),
            _mean_sd(shift.mean, shift.sd),
            number(shift.standardised, 2, signed=True),
            DASH if shift.outside is None else f"{100 * shift.outside:.0f} %",
            DASH if shift.p_value is None else p_text(shift.p_value),
            "yes" if shift.drifts else "no" if shift.outside is not None else DASH,
        )
        for shift in shifts
    ]


def drift_note(there: str) -> str:
    """What the columns mean."""
    return (
        f"There: {there}. Mean ± SD of patients. Apart: difference of the means over the SD there. Outside: "
        "share "
        "of the patients here beyond the smallest and largest value there. P: Kolmogorov and Smirnov's test, "
        f"Bonferroni over the rows. Drift: P below the level and means {NOTABLE_SHIFT:g} SD apart or more, "
        "or more "
        f"than {100 * MOSTLY_OUTSIDE:.0f} % of the patients outside. Whether drift does harm, the guards "
        "tell."
    )


def write_drift_csv(path: Path, inputs: Sequence[Shift], outputs: Sequence[Shift]) -> None:
    """Write every number, inputs first; no number as an empty cell."""
    write_csv(
        path,
        _CSV,
        [
            [
                kind,
                shift.quantity,
                shift.reference_patients,
                shift.reference_mean,
                shift.reference_sd,
                shift.patients,
                shift.mean,
                shift.sd,
                shift.standardised,
                shift.outside,
                shift.p_value,
                int(shift.drifts),
            ]
            for kind, shifts in (("input", inputs), ("output", outputs))
            for shift in shifts
        ],
    )


def _mean_sd(mean: float | None, sd: float | None) -> str:
    """Three figures are enough for means from 0.01 to 4000."""
    if mean is None:
        return DASH
    digits = 0 if abs(mean) >= 100 else 1 if abs(mean) >= 10 else 2
    return f"{mean:.{digits}f}" if sd is None else f"{mean:.{digits}f} ± {sd:.{digits}f}"
