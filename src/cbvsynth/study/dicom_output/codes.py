"""Quantity, unit and derivation of a map in the standard's codes.

Source: DICOM PS3.16, Annex D (113056, 121401, 123110, 109101, 121322), CID 7180 (126398) and CID 7464
(386136009); units by UCUM, whose expression for a volume per 100 g of tissue the standard's own table of
units (CID 7181) does not list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cbvsynth.domain.sequences import TargetUnit

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class Code(NamedTuple):
    """A code: value, scheme, and the scheme's own words for it."""

    value: str
    scheme: str
    meaning: str

    def item(self) -> Dataset:
        """As an item of a code sequence."""
        from pydicom.dataset import Dataset

        made = Dataset()
        made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = self
        return made


QUANTITIES = {
    TargetUnit.ML_PER_100G: Code("113056", "DCM", "Regional Cerebral Blood Volume"),
    TargetUnit.RELATIVE: Code("126398", "DCM", "Relative Regional Blood Volume"),
}
UNITS = {
    TargetUnit.ML_PER_100G: Code("mL/(100.g)", "UCUM", "milliliter per 100 gram"),
    TargetUnit.RELATIVE: Code("{ratio}", "UCUM", "ratio"),
}
QUANTITY = Code("246205007", "SCT", "Quantity")
DERIVATION = Code("121401", "DCM", "Derivation")
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")
DERIVED_BY = Code("123110", "DCM", "Artificial Intelligence")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
