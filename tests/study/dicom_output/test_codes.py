"""Codes against the tables of the standard that pydicom carries."""

from __future__ import annotations

import pytest
from pydicom.sr._concepts_dict import concepts  # the tables themselves; codedict gives them by name only

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.study.dicom_output.codes import DERIVED_BY, QUANTITIES, QUANTITY, SOURCE_IMAGE, UNITS, Code


@pytest.mark.parametrize("code", [*QUANTITIES.values(), DERIVED_BY, SOURCE_IMAGE, UNITS[TargetUnit.RELATIVE]])
def test_a_code_is_the_standards_with_its_own_words(code: Code) -> None:
    known = {value: meaning for row in concepts[code.scheme].values() for value, (meaning, _) in row.items()}
    assert known[code.value] == code.meaning


def test_every_unit_has_a_quantity_and_a_code() -> None:
    assert set(QUANTITIES) == set(UNITS) == set(TargetUnit)


def test_an_item_holds_its_code() -> None:
    item = QUANTITY.item()
    assert (item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning) == ("246205007", "SCT", "Quantity")
