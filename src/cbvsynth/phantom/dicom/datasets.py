"""One volume as DICOM: classic MR images, a file each, or one enhanced multi-frame MR image."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

from cbvsynth.phantom.dicom.vendors import Framing, SeriesStyle, UnitTag
from cbvsynth.phantom.signals import Protocol

Float64Array = npt.NDArray[np.float64]
IntegerArray = npt.NDArray[np.int16]

UID_ROOT = "1.2.826.0.1.3680043.8.498."
"""Root under which pydicom lets anyone make identifiers."""
_LARGEST = 32767
_PHILIPS_CREATOR, _PHILIPS_CREATOR_SCALE = "Philips MR Imaging DD 005", "Philips MR Imaging DD 001"
_UCUM = {"mL/100g": "ml/(100.g)", "ml/100ml": "ml/(100.ml)", "10-3 mm2/s": "10*-3.mm2/s"}


@dataclass(frozen=True)
class SeriesContent:
    """What a series shows: `voxels` (X, Y, Z), columns along X and rows against Y; `affine` to RAS mm.

    `agent` is empty before contrast; `seconds` is the time of acquisition, since midnight.
    """

    role: str
    voxels: Float64Array
    affine: Float64Array
    protocol: Protocol
    number: int
    agent: str
    seconds: int


def uid(*words: object) -> UID:
    """An identifier that depends on the words alone."""
    return UID(generate_uid(prefix=UID_ROOT, entropy_srcs=["cbvsynth phantom", *map(str, words)]))


def series_datasets(common: Dataset, content: SeriesContent, style: SeriesStyle) -> list[FileDataset]:
    """The files of a series, in the order of their slices. `common` holds patient, study and equipment."""
    series_uid = uid(common.StudyInstanceUID, content.number)
    stored = np.clip(np.round(content.voxels * style.unit_factor / style.stored_step), -_LARGEST, _LARGEST)
    frames: IntegerArray = np.ascontiguousarray(stored[:, ::-1, :].transpose(2, 1, 0)).astype("<i2")
    if style.framing is Framing.ENHANCED:
        return [_enhanced(common, content, style, frames, series_uid)]
    return [_classic(common, content, style, frames, series_uid, place) for place in range(frames.shape[0])]


def file_bytes(dataset: FileDataset) -> bytes:
    """The content of a file."""
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _classic(  # noqa: PLR0913, PLR0917  # what a slice belongs to, and which it is
    common: Dataset,
    content: SeriesContent,
    style: SeriesStyle,
    frames: IntegerArray,
    series_uid: str,
    place: int,
) -> FileDataset:
    dataset = _file(common, content, style, MRImageStorage, series_uid, place)
    protocol = content.protocol
    dataset.ScanningSequence = ["SE", "IR"] if protocol.inversion_s else ["EP"] if _is_map(content) else "SE"
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    if style.sequence_name:
        dataset.SequenceName = style.sequence_name
    dataset.RepetitionTime = round(1000 * protocol.repetition_s, 3)
    dataset.EchoTime = round(1000 * protocol.echo_s, 3)
    if protocol.inversion_s:
        dataset.InversionTime = round(1000 * protocol.inversion_s, 3)
    if content.agent:
        dataset.ContrastBolusAgent, dataset.ContrastBolusIngredient = content.agent, "GADOLINIUM"
    dataset.FlipAngle = 90
    position, columns, rows, spacing = _geometry(content, place)
    dataset.SliceThickness = _decimal(0.85 * spacing[2])
    dataset.SpacingBetweenSlices = _decimal(spacing[2])
    dataset.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]
    dataset.ImagePositionPatient = [_decimal(value) for value in position]
    dataset.ImageOrientationPatient = [_decimal(value) for value in (*columns, *rows)]
    _pixels(dataset, frames[place])
    _rescale(dataset, dataset, style, content)
    return dataset


def _enhanced(
    common: Dataset, content: SeriesContent, style: SeriesStyle, frames: IntegerArray, series_uid: str
) -> FileDataset:
    dataset = _file(common, content, style, EnhancedMRImageStorage, series_uid, 0)
    dataset.ImageType = [*style.image_type[:2], "MR", "NONE"]
    dataset.AcquisitionDateTime = f"{dataset.StudyDate}{_clock(content.seconds)}"
    dataset.AcquisitionDuration = 120.0
    dataset.PixelPresentation, dataset.VolumetricProperties = "MONOCHROME", "VOLUME"
    dataset.VolumeBasedCalculationTechnique = "NONE"
    dataset.ComplexImageComponent, dataset.AcquisitionContrast = "MAGNITUDE", "T2"
    dataset.NumberOfFrames = frames.shape[0]
    dataset.ResonantNucleus, dataset.KSpaceFiltering = "1H", "NONE"
    dataset.MRAcquisitionType = "2D"
    organisation = uid(series_uid, "dimensions")
    dataset.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organisation)]
    dataset.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=organisation,
            DimensionIndexPointer=0x00209057,
            FunctionalGroupPointer=0x00209111,
        )
    ]
    _, columns, rows, spacing = _geometry(content, 0)
    values = _item()
    _rescale(values, dataset, style, content)
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PixelMeasuresSequence=[
                _item(
                    PixelSpacing=[_decimal(spacing[1]), _decimal(spacing[0])],
                    SliceThickness=_decimal(0.85 * spacing[2]),
                    SpacingBetweenSlices=_decimal(spacing[2]),
                )
            ],
            PlaneOrientationSequence=[
                _item(ImageOrientationPatient=[_decimal(value) for value in (*columns, *rows)])
            ],
            PixelValueTransformationSequence=[values],
            MREchoSequence=[_item(EffectiveEchoTime=1000.0 * content.protocol.echo_s)],
            MRTimingAndRelatedParametersSequence=[
                _item(
                    RepetitionTime=1000.0 * content.protocol.repetition_s, FlipAngle=90.0, EchoTrainLength=15
                )
            ],
            MRImageFrameTypeSequence=[_item(FrameType=[*style.image_type[:2], "MR", "NONE"])],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _item(
            FrameContentSequence=[
                _item(StackID="1", InStackPositionNumber=place + 1, DimensionIndexValues=[place + 1])
            ],
            PlanePositionSequence=[
                _item(ImagePositionPatient=[_decimal(value) for value in _geometry(content, place)[0]])
            ],
        )
        for place in range(frames.shape[0])
    ]
    _pixels(dataset, frames)
    return dataset


def _file(  # noqa: PLR0913, PLR0917  # what a file belongs to, and which it is
    common: Dataset, content: SeriesContent, style: SeriesStyle, sop_class: str, series_uid: str, place: int
) -> FileDataset:
    instance = uid(series_uid, place)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "CBVSYNTH_PHANTOM"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.update(common)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, instance
    dataset.SeriesInstanceUID, dataset.SeriesNumber = series_uid, content.number
    dataset.InstanceNumber, dataset.AcquisitionNumber = place + 1, 1
    dataset.SeriesDescription = dataset.ProtocolName = style.description
    dataset.ImageType = list(style.image_type)
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = dataset.StudyDate
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = _clock(content.seconds)
    dataset.BodyPartExamined, dataset.PatientPosition = "HEAD", "HFS"
    dataset.FrameOfReferenceUID = uid(common.StudyInstanceUID, "frame")
    dataset.PositionReferenceIndicator = ""
    return dataset


def _geometry(
    content: SeriesContent, place: int
) -> tuple[Float64Array, Float64Array, Float64Array, tuple[float, float, float]]:
    """Position of a slice's first pixel, directions of its columns and rows (LPS), and the spacing, mm."""
    to_lps = np.array([-1.0, -1.0, 1.0])
    across, up, through = (content.affine[:3, axis] for axis in range(3))
    lengths = [float(np.sqrt((vector * vector).sum())) for vector in (across, up, through)]
    first = content.affine[:3, 3] + up * (content.voxels.shape[1] - 1) + through * place
    return (
        first * to_lps,
        across * to_lps / lengths[0],
        -up * to_lps / lengths[1],
        (lengths[0], lengths[1], lengths[2]),
    )


def _pixels(dataset: Dataset, frames: IntegerArray) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = frames.shape[-2], frames.shape[-1]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 1
    dataset.PixelData = frames.tobytes()


def _rescale(target: Dataset, whole: Dataset, style: SeriesStyle, content: SeriesContent) -> None:
    """Slope, and the unit where this maker writes it; no slope where the integers are the values."""
    if style.stored_step != 1.0:
        target.RescaleSlope, target.RescaleIntercept = _decimal(style.stored_step), "0"
        target.RescaleType = style.unit if style.unit_tag is UnitTag.RESCALE_TYPE else "US"
    if style.unit_tag is UnitTag.REAL_WORLD_VALUE:
        target.RealWorldValueMappingSequence = [_real_world(style)]
    if whole.Manufacturer.startswith("Philips") and style.stored_step != 1.0:
        block = whole.private_block(0x2005, _PHILIPS_CREATOR_SCALE, create=True)
        block.add_new(0x0D, "FL", 0.0)
        block.add_new(0x0E, "FL", 1.0 / style.stored_step)
        block = whole.private_block(0x2005, _PHILIPS_CREATOR, create=True)
        block.add_new(0x09, "DS", "0")
        block.add_new(0x0A, "DS", _decimal(style.stored_step))
        block.add_new(0x0B, "LO", style.unit if style.unit_tag is UnitTag.PRIVATE_PHILIPS else "normalized")
    if content.role == "adc" and whole.Manufacturer.startswith("SIEMENS"):
        block = whole.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0D, "CS", "NONE")


def _real_world(style: SeriesStyle) -> Dataset:
    unit = _item(
        CodeValue=_UCUM[style.unit],
        CodingSchemeDesignator="UCUM",
        CodeMeaning=style.unit,
    )
    mapping = _item(
        LUTExplanation=style.unit,
        LUTLabel=style.unit[:16],
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=style.stored_step,
        MeasurementUnitsCodeSequence=[unit],
    )
    mapping.add_new(0x00409216, "SS", -_LARGEST)
    mapping.add_new(0x00409211, "SS", _LARGEST)
    return mapping


def _item(**values: Any) -> Dataset:  # noqa: ANN401  # what DICOM's elements hold
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, Items(value) if name.endswith("Sequence") else value)
    return item


def _is_map(content: SeriesContent) -> bool:
    return content.role in ("adc", "cbv")


def _decimal(value: float) -> str:
    """At most 16 characters, as DICOM's decimal strings allow."""
    return f"{value:.9g}" if abs(value) >= 1e-4 or value == 0.0 else f"{value:.9f}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.000000"
