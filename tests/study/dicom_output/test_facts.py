"""What every object says of the map."""

from __future__ import annotations

from dataclasses import replace

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.study.dicom_output.facts import MapFacts
from tests.study.dicom_output.maps import FACTS


def test_it_is_called_synthetic_with_its_unit_model_and_inputs() -> None:
    assert FACTS.description == "Synthetic CBV [mL/100 g], research only"
    for words in ("T1, T1C", "encdec-t1-t1c", "version 7", "No perfusion was measured", "stands in"):
        assert words in FACTS.derivation
    assert "For research only" in FACTS.derivation


def test_texts_are_as_long_as_dicom_allows() -> None:
    long: MapFacts = replace(FACTS, unit=TargetUnit.RELATIVE, notes=("x" * 3000,))
    assert len(long.description) <= 64
    assert len(long.derivation) == 1024
