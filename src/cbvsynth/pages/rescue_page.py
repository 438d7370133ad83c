"""Examinations whose CBV is spoilt, with the map that a model makes of what is left (the paper's Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.wording import counted
from cbvsynth.pages.pictures.slices import cbv_scale, grey_scale
from cbvsynth.pages.pictures.tiles import (
    Montage,
    bar_of,
    map_row,
    read_slices,
    regions_of,
    slices_around,
)
from cbvsynth.theme.html import write_page

PAGE = "rescue.html"
TITLE = "Maps where CBV is spoilt"
_SLICES = 3

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class RescuedMap:
    """One examination; arrays are (X, Y, Z) on one grid in RAS order.

    anatomy: raw intensities. adc, cbv: as measured, None where they cannot be brought onto this grid.
    synthetic: in `target_unit`, 0 outside the brain. brain: bool.
    spoilt: why validate left it out. chosen: which model made the map, and why that one.
    """

    exam_id: str
    diagnosis: str
    spoilt: Sequence[str]
    chosen: str
    warnings: Sequence[str]
    file: str
    anatomy_label: str
    anatomy: Float32Array
    adc: Float32Array | None
    cbv: Float32Array | None
    synthetic: Float32Array
    brain: npt.NDArray[np.bool_]
    spacing_mm: tuple[float, float]
    data_range: float
    target_unit: str


def write_rescue_page(path: Path, found: Sequence[RescuedMap], without: Sequence[tuple[str, str]]) -> None:
    """Write the page.

    Args:
        path: of the page.
        found: examinations with a map.
        without: exam_id of those that got none, and why.
    """
    write_page(
        path,
        "pages/templates/rescue.html.j2",
        {
            "title": TITLE,
            "subtitle": (
                f"{counted(len(found), 'map')} of examinations whose measured CBV is spoilt; their standard "
                "MRI passed every check. Nothing measured says whether these maps are right."
            ),
            "cases": [(one, montage_of(one)) for one in found],
            "without": without,
        },
    )


def montage_of(one: RescuedMap) -> Montage:
    """Anatomy, ADC and CBV as measured, and the synthetic map, on the slices that are spoilt most."""
    void = np.zeros_like(one.brain)
    for measured in (one.adc, one.cbv):
        if measured is not None:
            void |= one.brain & (measured == 0)
    regions = regions_of(one.brain, void)
    places = slices_around(regions, _SLICES)
    whole = {one.anatomy_label: one.anatomy, "ADC, measured": one.adc, "CBV, measured": one.cbv}
    whole["CBV, synthetic"] = one.synthetic
    volumes = {title: read_slices(volume, places) for title, volume in whole.items() if volume is not None}
    brain, maps = one.brain[:, :, places], cbv_scale(one.data_range)
    scales = [maps if title.startswith("CBV") else grey_scale(volumes[title], brain) for title in volumes]
    rows = tuple(
        map_row(volumes, scales, regions, (number, place), one.spacing_mm)
        for number, place in enumerate(places)
    )
    return Montage(tuple(volumes), rows, (bar_of(maps, f"CBV, {UNIT_WORDS[one.target_unit]}", parts=5),))
