"""The map as a Parametric Map: float32, its quantity and unit coded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.study.dicom_output.codes import DERIVED_BY, QUANTITIES, UNITS
from cbvsynth.study.dicom_output.facts import MANUFACTURER, MAP_SERIES, MODEL_NAME, SERIAL_NUMBER, MapFacts
from cbvsynth.study.dicom_output.source import SourcePlanes
from cbvsynth.study.dicom_output.uids import NewUids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


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
    import highdicom as hd
    from highdicom.pm import ParametricMap, RealWorldValueMapping
    from pydicom.sr.coding import Code

    mapping = RealWorldValueMapping(
        lut_label="CBV",
        lut_explanation=f"Synthetic CBV, {facts.shown_unit}",
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
        series_number=MAP_SERIES,
        sop_instance_uid=uids.new(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL_NAME,
        software_versions=__version__,
        device_serial_number=SERIAL_NUMBER,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[
            hd.VOILUTTransformation(window_center=facts.cbv_max / 2, window_width=facts.cbv_max)
        ],
        content_description=facts.description,
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
    made.SeriesDescription, made.BodyPartExamined = facts.description, "HEAD"
    _describe(made, facts)
    _own_uids(made, uids)
    return made


def _describe(made: Dataset, facts: MapFacts) -> None:
    """Put the text of the derivation beside its code, wherever that stands."""
    for item in made.PerFrameFunctionalGroupsSequence:
        for derivation in item.get("DerivationImageSequence", []):
            derivation.DerivationDescription = facts.derivation
    made.ImageComments = facts.derivation


def _own_uids(made: Dataset, uids: NewUids) -> None:
    """Give what the library numbered itself a UID under our root."""
    own = uids.new()
    for item in made.DimensionOrganizationSequence:
        item.DimensionOrganizationUID = own
    for item in made.DimensionIndexSequence:
        item.DimensionOrganizationUID = own
