"""A table of survival with lesion CBV: one row a patient, complete, whatever it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.statistics.samples import BoolArray, Float64Array
from cbvsynth.errors import DataError


@dataclass(frozen=True, eq=False)
class SurvivalTable:
    """Patients of whom everything is known that the models ask for."""

    time_months: Float64Array
    """(n,) from the examination to the event, or to the last day on which there was none; above 0."""
    event: BoolArray
    """(n,) whether the event (death, or progression) came then."""
    cbv: Mapping[MapKind, Float64Array]
    """(n,) mean CBV of the lesion, of one or both maps; mL/100 g, or in the unit of the maps."""
    covariates: Mapping[str, Float64Array]
    """(n,) what was known without CBV; a word in a table is one column of 0 and 1 for each but the first."""
    left_out: int
    """Patients of the table in whom something was missing."""

    def __post_init__(self) -> None:
        """Refuse columns of different patients.

        Raises:
            DataError: the columns have different lengths, or there is no CBV.
        """
        columns = [self.time_months, self.event, *self.cbv.values(), *self.covariates.values()]
        lengths = sorted({len(column) for column in columns})
        if len(lengths) > 1:
            raise DataError(
                f"Columns of {lengths[0]} and of {lengths[-1]} patients; expected the same patients in each."
            )
        if not self.cbv:
            raise DataError("No CBV; expected that of the real or of the synthetic map.")
