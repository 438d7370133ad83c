"""The map as an MR-like series of scaled integers, for viewers that show no Parametric Map."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.study.dicom_output.codes import DERIVED_BY, QUANTITIES, QUANTITY, SOURCE_IMAGE, UNITS
from cbvsynth.study.dicom_output.facts import (
    MANUFACTURER,
    MODEL_NAME,
    SERIAL_NUMBER,
    SLICES_SERIES,
    MapFacts,
)
from cbvsynth.study.dicom_output.source import SourcePlanes
from cbvsynth.study.dicom_output.uids import NewUids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

LARGEST_STORED = 32767
"""Of a signed integer of 16 bits, which every viewer reads."""

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
# Modules of patient, study and frame of reference; the rest of the scanner's header is of another image.
_FROM_THE_SOURCE = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "OtherPatientIDsSequence", "PatientBirthDate"),
    *("PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PatientPosition"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber"),
    *("ReferringPhysicianName", "FrameOfReferenceUID", "PositionReferenceIndicator"),
)


def step_of(largest: float) -> float:
    """Size of an integer step so that the largest value still fits, in six digits, as it is written."""
    if largest <= 0.0:
        return 1.0
    exact = largest / LARGEST_STORED
    unit = 10.0 ** (np.floor(np.log10(exact)) - 5)
    return float(f"{np.ceil(exact / unit) * unit:.6g}")


def slices(
    frames: npt.NDArray[np.float32], source: SourcePlanes, facts: MapFacts, uids: NewUids
) -> Iterator[FileDataset]:
    """One MR image for each slice; values are integers times RescaleSlope, within half a step of the map.

    Args:
        frames: (slices, rows, columns) float32, not negative, in the unit of `facts`.
        source: whose slices these are.
        facts: how it was made.
        uids: makes their identifiers.
    """
    step = step_of(float(frames.max()))
    series_uid = uids.new()
    stored = np.rint(frames.astype(np.float64) / step).clip(-LARGEST_STORED, LARGEST_STORED).astype("<i2")
    for place, pixels in enumerate(stored):
        made = new_file(MR_IMAGE, source, facts.made, uids)
        made.Modality = "MR"
        made.SeriesInstanceUID, made.SeriesNumber = series_uid, SLICES_SERIES
        made.SeriesDescription = facts.description
        made.InstanceNumber = place + 1
        made.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
        _acquisition(made)
        put_derivation(made, source, place, facts)
        _place(made, source, place)
        _values(made, pixels, step, facts)
        yield made


def new_file(sop_class: str, source: SourcePlanes, when: datetime, uids: NewUids) -> FileDataset:
    """A file of the source's patient and study, made by this software now."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(uids.new())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for name in _FROM_THE_SOURCE:
        if name in source.first:
            made[name] = source.first[name]
    if source.character_set:
        made.SpecificCharacterSet = source.character_set
    made.BodyPartExamined = "HEAD"
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    made.SoftwareVersions, made.DeviceSerialNumber = __version__, SERIAL_NUMBER
    put_times(made, source, when)
    return made


def put_times(made: Dataset, source: SourcePlanes, when: datetime) -> None:
    """Say when an object was made, by the clock of the source, whose offset holds for all its times."""
    offset = _offset(source.first)
    if offset is not None:
        when = when.astimezone(offset)
        made.TimezoneOffsetFromUTC = f"{when:%z}"
    made.SeriesDate = made.ContentDate = made.InstanceCreationDate = f"{when:%Y%m%d}"
    made.SeriesTime = made.ContentTime = made.InstanceCreationTime = f"{when:%H%M%S}"


def _offset(header: Dataset) -> tzinfo | None:
    """How far the times of a header lie from UTC; None where it does not say so as the standard does."""
    try:
        return datetime.strptime(str(header.get("TimezoneOffsetFromUTC")), "%z").tzinfo
    except ValueError:
        return None


def _acquisition(made: Dataset) -> None:
    """What MR images have to say of their acquisition: there was none."""
    made.ScanningSequence, made.SequenceVariant, made.ScanOptions = "RM", "NONE", ""
    made.MRAcquisitionType = ""
    made.RepetitionTime = made.EchoTime = made.EchoTrainLength = None
    made.AcquisitionNumber = None


def put_derivation(made: Dataset, source: SourcePlanes, place: int, facts: MapFacts) -> None:
    """Say how a slice was made, and from which image."""
    from pydicom.dataset import Dataset

    made.DerivationDescription = made.ImageComments = facts.derivation
    made.DerivationCodeSequence = [DERIVED_BY.item()]
    # A file for each slice, or one for all of them.
    headers = source.headers if len(source.headers) == 1 else (source.headers[place],)
    references = []
    for header in headers:
        reference = Dataset()
        reference.ReferencedSOPClassUID = header.SOPClassUID
        reference.ReferencedSOPInstanceUID = header.SOPInstanceUID
        reference.PurposeOfReferenceCodeSequence = [SOURCE_IMAGE.item()]
        references.append(reference)
    made.SourceImageSequence = references


def _place(made: Dataset, source: SourcePlanes, place: int) -> None:
    made.ImagePositionPatient = [_decimal(value) for value in source.positions_mm[place]]
    directions = (*source.row_direction, *source.column_direction)
    made.ImageOrientationPatient = [_decimal(value) for value in directions]
    made.PixelSpacing = [_decimal(value) for value in source.spacing_mm[:2]]
    made.SliceThickness = made.SpacingBetweenSlices = _decimal(source.spacing_mm[2])


def _values(made: Dataset, pixels: npt.NDArray[np.int16], step: float, facts: MapFacts) -> None:
    from pydicom.dataset import Dataset

    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.RescaleSlope, made.RescaleIntercept, made.RescaleType = _decimal(step), "0", facts.shown_unit
    made.WindowCenter, made.WindowWidth = _decimal(facts.cbv_max / 2), _decimal(facts.cbv_max)
    meaning = Dataset()
    meaning.ValueType = "CODE"
    meaning.ConceptNameCodeSequence = [QUANTITY.item()]
    meaning.ConceptCodeSequence = [QUANTITIES[facts.unit].item()]
    mapping = Dataset()
    mapping.LUTExplanation, mapping.LUTLabel = f"Synthetic CBV, {facts.shown_unit}", "CBV"
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = 0.0, step
    mapping.add_new("RealWorldValueFirstValueMapped", "SS", 0)
    mapping.add_new("RealWorldValueLastValueMapped", "SS", LARGEST_STORED)
    mapping.MeasurementUnitsCodeSequence = [UNITS[facts.unit].item()]
    mapping.QuantityDefinitionSequence = [meaning]
    made.RealWorldValueMappingSequence = [mapping]
    made.PixelData = pixels.tobytes()


def _decimal(value: float) -> str:
    """At most 16 characters, as DICOM's decimal strings allow."""
    for digits in range(12, 5, -1):
        text = f"{float(value) + 0.0:.{digits}g}"
        if len(text) <= 16:
            return text
    return f"{float(value):.6g}"
