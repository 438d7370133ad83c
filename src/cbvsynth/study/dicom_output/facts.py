"""What is said of a map in every DICOM object that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cbvsynth import __version__
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.uncertainty import LEVEL, SDS_IN_HALF_WIDTH
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.study.dicom.headers import OUR_MANUFACTURER

MANUFACTURER = OUR_MANUFACTURER
MODEL_NAME = "cbvsynth"
SERIAL_NUMBER = "0"
MAP_SERIES, SLICES_SERIES, PICTURES_SERIES, SD_SERIES = 9101, 9102, 9103, 9104
"""Numbers of the new series, far from a scanner's."""

_SHOWN = {TargetUnit.ML_PER_100G: "mL/100 g", TargetUnit.RELATIVE: "relative"}
_MOST_TEXT = 1024


@dataclass(frozen=True)
class MapFacts:
    """How a map was made.

    registered: name of the model in the registry. version: there. model: its slug, as in encdec-t1-t1c.
    algorithm: in words. inputs: labels of the images used. cbv_max: largest CBV that it was trained on.
    notes: what a reader is to know, as that it stands in for a better model.
    """

    registered: str
    version: int
    model: str
    algorithm: str
    inputs: Sequence[str]
    unit: TargetUnit
    cbv_max: float
    made: datetime
    notes: Sequence[str] = ()

    @property
    def shown_unit(self) -> str:
        """The unit for people."""
        return _SHOWN[self.unit]

    @property
    def description(self) -> str:
        """Of a series; at most 64 characters."""
        return f"Synthetic CBV [{self.shown_unit}], research only"

    @property
    def sd_description(self) -> str:
        """Of the series that says how sure the map is; at most 64 characters."""
        return f"SD of synthetic CBV [{self.shown_unit}], research only"

    @property
    def sd_derivation(self) -> str:
        """As `derivation`, of the map of standard deviations."""
        text = (
            "Standard deviation of the synthetic map of the same study: the map plus and minus "
            f"{SDS_IN_HALF_WIDTH} of it is an interval for {100 * LEVEL:.0f} % of a patient's voxels, as "
            "calibrated on patients that the model had not learned from."
        )
        return f"{text} {self.derivation}"[:_MOST_TEXT]

    @property
    def derivation(self) -> str:
        """How it was derived, and by what; without anything of the patient."""
        text = (
            f"Synthetic cerebral blood volume in {self.shown_unit}, computed from {', '.join(self.inputs)} "
            f"by a neural network ({self.algorithm}, {self.model}), version {self.version} of "
            f"'{self.registered}', cbvsynth {__version__}. No perfusion was measured. {RESEARCH_NOTE}"
        )
        return " ".join([text, *self.notes])[:_MOST_TEXT]
