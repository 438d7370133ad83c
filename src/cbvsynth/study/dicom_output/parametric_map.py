"""The map as a Parametric Map: float32, its quantity and unit coded; and how sure it is as another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.study.dicom_output.codes import DERIVATION, DERIVED_BY, QUANTITIES, STANDARD_DEVIATION, UNITS
from cbvsynth.study.dicom_output.facts import (
    MANUFACTURER,
    MAP_SERIES,
    MODEL_NAME,
    SD_SERIES,
    SERIAL_NUMBER,
    MapFacts,
)
from cbvsynth.study.dicom_output.slices import put_times
from cbvsynth.study.dicom_output.source import SourcePlanes
from cbvsynth.study.dicom_output.uids import NewUids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.sr.coding import Code


@dataclass(frozen=True)
class _Shown:
    """What a Parametric Map says of its values.

    label: of the quantity, short. explanation: longer. window: values from 0 that are shown at first.
    """

    label: str
    explanation: str
    series: int
    description: str
    derivation: str
    window: float


def parametric_map(
    frames: npt.NDArray[np.float32], source: SourcePlanes, facts: MapFacts, uids: NewUids
) -> Dataset:
    """A Parametric Map in the study and the frame of reference of the source.

    Args:
        frames: (slices, rows, columns) float32, in the unit of `facts`.
        source: whose slices these are.
        facts: how it was made.
        uids: makes its identifiers.
    """
    shown = _Shown(
        label="CBV",
        explanation=f"Synthetic CBV, {facts.shown_unit}",
        series=MAP_SERIES,
        description=facts.description,
        derivation=facts.derivation,
        window=facts.cbv_max,
    )
    return _made(frames, source, facts, uids, shown)


def sd_map(frames: npt.NDArray[np.float32], source: SourcePlanes, facts: MapFacts, uids: NewUids) -> Dataset:
    """How sure the map is: its standard deviation, coded as that of the map's own quantity.

    Args:
        frames: (slices, rows, columns) float32, in the unit of `facts`.
        source: whose slices these are.
        facts: how the map was made.
        uids: makes its identifiers.
    """
    from pydicom.sr.coding import Code

    shown = _Shown(
        label="SD of CBV",
        explanation=f"SD of synthetic CBV, {facts.shown_unit}",
        series=SD_SERIES,
        description=facts.sd_description,
        derivation=facts.sd_derivation,
        window=float(max(frames.max(), 1e-3)),
    )
    made = _made(frames, source, facts, uids, shown)
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    mapping.QuantityDefinitionSequence.append(_code_item(Code(*DERIVATION), Code(*STANDARD_DEVIATION)))
    return made


def _made(
    frames: npt.NDArray[np.float32], source: SourcePlanes, facts: MapFacts, uids: NewUids, shown: _Shown
) -> Dataset:
    import highdicom as hd
    from highdicom.pm import ParametricMap, RealWorldValueMapping
    from pydicom.sr.coding import Code

    mapping = RealWorldValueMapping(
        lut_label=shown.label,
        lut_explanation=shown.explanation,
        unit=Code(*UNITS[facts.unit]),
        value_range=(float(frames.min()), float(max(frames.max(), 1.0))),
        slope=1.0,
        intercept=0.0,
        quantity_definition=Code(*QUANTITIES[facts.unit]),
    )
    made = ParametricMap(
        source_images=list(source.headers),
        pixel_array=frames,
        series_instance_uid=uids.new(),
        series_number=shown.series,
        sop_instance_uid=uids.new(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=__version__,
        device_serial_number=SERIAL_NUMBER,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[
            hd.VOILUTTransformation(window_center=shown.window / 2, window_width=shown.window)
        ],
        content_description=shown.description,
        content_label="CBV",
        content_qualification=hd.ContentQualificationValues.RESEARCH,
        pixel_measures=hd.PixelMeasuresSequence(
            pixel_spacing=source.spacing_mm[:2],
            slice_thickness=source.spacing_mm[2],
            spacing_between_slices=source.spacing_mm[2],
        ),
        plane_orientation=hd.PlaneOrientationSequence(
            coordinate_system="PATIENT",
            image_orientation=[*source.row_direction, *source.column_direction],
        ),
        plane_positions=[
            hd.PlanePositionSequence(coordinate_system="PATIENT", image_position=tuple(position))
            for position in source.positions_mm
        ],
        derivation=Code(*DERIVED_BY),
    )
    if source.character_set:
        made.SpecificCharacterSet = source.character_set
    put_times(made, source, facts.made)
    made.SeriesDescription, made.BodyPartExamined = shown.description, "HEAD"
    _describe(made, shown)
    _own_uids(made, uids)
    return made


def _describe(made: Dataset, shown: _Shown) -> None:
    """Put the text of the derivation beside its code, wherever that stands."""
    for item in made.PerFrameFunctionalGroupsSequence:
        for derivation in item.get("DerivationImageSequence", []):
            derivation.DerivationDescription = shown.derivation
    made.ImageComments = shown.derivation


def _code_item(name: Code, value: Code) -> Dataset:
    """A content item that says of which kind a quantity is."""
    from highdicom.sr import CodeContentItem

    return CodeContentItem(name=name, value=value)


def _own_uids(made: Dataset, uids: NewUids) -> None:
    """Give what the library numbered itself a UID under our root."""
    own = uids.new()
    for item in made.DimensionOrganizationSequence:
        item.DimensionOrganizationUID = own
    for item in made.DimensionIndexSequence:
        item.DimensionOrganizationUID = own
