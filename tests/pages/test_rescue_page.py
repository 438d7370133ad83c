"""The page of spoilt examinations: measured beside synthetic, on the slices that are spoilt most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cbvsynth.pages.rescue_page import RescuedMap, montage_of, write_rescue_page
from cbvsynth.signature import RESEARCH_NOTE
from tests.pages.web_page import require_good_page

SHAPE = (12, 10, 8)
BRAIN = np.zeros(SHAPE, dtype=np.bool_)
BRAIN[2:10, 2:8] = True
IMAGE = np.where(BRAIN, np.random.default_rng(1).uniform(1, 5, SHAPE), 0).astype(np.float32)
SPOILT = IMAGE.copy()
SPOILT[2:6, 2:6, 5] = 0
CASE = RescuedMap(
    exam_id="e1",
    diagnosis="<lymphoma>",
    spoilt=("metal artefact: share of the brain without CBV (void) is 0.14",),
    chosen="ADC is left out. encdec-t2-t1c, version 1, is the best.",
    warnings=("T1C has no signal in 2.0 % of the brain; the map says nothing there.",),
    file="e1_cbv.nii.gz",
    anatomy_label="T1C",
    anatomy=IMAGE,
    adc=IMAGE,
    cbv=SPOILT,
    synthetic=IMAGE,
    brain=BRAIN,
    spacing_mm=(2.0, 2.0),
    data_range=25.0,
    target_unit="mL/100g",
)


def test_the_slices_that_are_spoilt_most_are_shown_without_an_outline() -> None:
    montage = montage_of(CASE)
    assert montage.titles == ("T1C", "ADC, measured", "CBV, measured", "CBV, synthetic")
    assert [row.label for row in montage.rows] == ["Slice 5", "Slice 6", "Slice 7"]
    assert all(not tile.outline for row in montage.rows for tile in row.tiles)


def test_what_cannot_be_brought_onto_the_grid_is_not_shown() -> None:
    assert montage_of(replace(CASE, adc=None, cbv=None)).titles == ("T1C", "CBV, synthetic")


def test_the_page_says_why_who_and_what_to_bear_in_mind(tmp_path: Path) -> None:
    write_rescue_page(tmp_path / "rescue.html", [CASE], [("e2", "no model makes a map")])
    html = require_good_page(tmp_path / "rescue.html")
    for words in (
        RESEARCH_NOTE,
        "&lt;lymphoma&gt;",
        "without CBV (void)",
        "ADC is left out",
        "no signal in 2.0 %",
        "e2",
    ):
        assert words in html
