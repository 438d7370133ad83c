"""Find DICOM files below a folder and read their headers; voxels are left to the converter."""

from __future__ import annotations

import contextlib
import math
import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cbvsynth.errors import ManifestError
from cbvsynth.study.dicom.deflation import unpacks_too_far
from cbvsynth.study.dicom.elements import (
    acquired_seconds,
    first_finite,
    functional_group,
    integer,
    number,
    numbers,
    plain_words,
    private_number,
    text,
    texts,
    vector,
)
from cbvsynth.study.dicom.tags import Frame, Identity, ImageFile, Tags, Unreadable
from cbvsynth.study.paths import path_problem

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CONVERTED_FOLDER = "cbvsynth-nifti"
"""Where a data root keeps what was converted from DICOM; it is not searched for DICOM itself."""

_NO_IMAGE = "DICOM without an image (reports, presentation states, spectra)"
_DAMAGED = "damaged or incomplete DICOM; export again"
_DIRECTORY = "DICOMDIR, which is not needed: the files themselves are read"
_TOO_LARGE = "deflated DICOM of more than 256 MB; export it without compression"
_LINKED = "a link out of the folder; copy the file into it"
_LINKED_FOLDER = "a link to a folder, which is not followed; copy the folder"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
RAISED_BY_DAMAGE = (
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What a damaged file makes pydicom raise beside errors of its own."""
OUR_MANUFACTURER = "cbvsynth"
"""What synthetic maps call their maker; no such map is ever taken for a measured one."""
_VENDORS = (
    *("siemens", "ge", "philips", "canon", "toshiba", "hitachi", "fujifilm", "united imaging", "bruker"),
    OUR_MANUFACTURER,
)
_SIEMENS_B = (0x0019, 0x100C)
_GE_B = (0x0043, 0x1039)
_PHILIPS_B = (0x2001, 0x1003)
PHILIPS_SCALE = (0x2005, 0x100E)
_GE_B_OFFSET = 1_000_000_000
"""GE adds a thousand million to b-values of some versions."""


def read_folder(root: Path) -> tuple[list[ImageFile], Unreadable]:
    """Every DICOM image below a folder, one for each SOP instance, and what else lies there.

    Files are recognised by their content, whatever their ending. Hidden folders, linked folders and the
    folder of converted images are not searched.

    Raises:
        ManifestError: the folder is missing or cannot be listed.
    """
    if not root.is_dir():
        raise ManifestError("There is no such folder; expected one of DICOM files.")
    left = Unreadable()
    found: dict[str, ImageFile] = {}
    with quiet_pydicom():
        for path in _files(root, left):
            if path.is_symlink() and path_problem(root, PurePosixPath(path.relative_to(root).as_posix())):
                left.add(_LINKED)
                continue
            image = _read(path, left)
            if image is not None:
                found.setdefault(image.sop_uid or str(path), image)
    return list(found.values()), left


def _files(root: Path, left: Unreadable) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise ManifestError(
            f"A folder of DICOM files cannot be read ({error.strerror}); change its permissions."
        ) from error

    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and name != CONVERTED_FOLDER
        )
        for name in subfolders:
            if Path(folder, name).is_symlink():
                left.add(_LINKED_FOLDER)
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


@contextlib.contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom's warnings in, which quote the values that they are about."""
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before


def _read(path: Path, left: Unreadable) -> ImageFile | None:
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        if not _looks_like_dicom(path):
            left.add("no DICOM")
            return None
        if unpacks_too_far(path):
            left.add(_TOO_LARGE)
            return None
        dataset = dcmread(path, stop_before_pixels=True, force=True)
        if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == _MEDIA_DIRECTORY:
            left.add(_DIRECTORY)
            return None
        if not dataset.get("Rows") or not dataset.get("Columns"):
            left.add(_NO_IMAGE if dataset.get("SOPClassUID") else _DAMAGED)
            return None
        return _image(path, dataset)
    except (
        InvalidDicomError,
        BytesLengthException,
        OSError,
        *RAISED_BY_DAMAGE,
    ):
        left.add(_DAMAGED)
        return None


def _looks_like_dicom(path: Path) -> bool:
    with path.open("rb") as source:
        start = source.read(132)
    # Files of old scanners have no preamble and begin with a tag of group 8 (or 2).
    return start[128:] == b"DICM" or start[:4] in (
        b"\x08\0\0\0",
        b"\x08\0\x05\0",
        b"\x08\0\x08\0",
        b"\x02\0\0\0",
    )


def _image(path: Path, dataset: Dataset) -> ImageFile:
    tags = _tags(dataset)
    frames = tuple(_frames(dataset))
    measures = functional_group(dataset, "PixelMeasuresSequence")
    spacing = numbers(measures, "PixelSpacing") or numbers(dataset, "PixelSpacing")
    return ImageFile(
        path=path,
        identity=Identity(
            patient_id=text(dataset, "PatientID").strip(),
            birth_date=text(dataset, "PatientBirthDate"),
            patient_sex=text(dataset, "PatientSex"),
            age=text(dataset, "PatientAge"),
            study_uid=text(dataset, "StudyInstanceUID"),
        ),
        series_uid=text(dataset, "SeriesInstanceUID"),
        sop_uid=text(dataset, "SOPInstanceUID"),
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        series_number=integer(dataset, "SeriesNumber"),
        tags=tags,
        frames=frames,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 else (math.nan, math.nan),
        transfer_syntax=str(dataset.file_meta.get("TransferSyntaxUID", "")),
        seconds=acquired_seconds(dataset),
        philips_scale=private_number(dataset, PHILIPS_SCALE) if tags.vendor == "philips" else math.nan,
    )


def _tags(dataset: Dataset) -> Tags:
    timing = functional_group(dataset, "MRTimingAndRelatedParametersSequence")
    echo = functional_group(dataset, "MREchoSequence")
    modifier = functional_group(dataset, "MRModifierSequence")
    frame_type = functional_group(dataset, "MRImageFrameTypeSequence")
    agents = [
        *texts(dataset, "ContrastBolusAgent"),
        *texts(dataset, "ContrastBolusIngredient"),
        *(
            text
            for item in dataset.get("ContrastBolusAgentSequence") or ()
            for text in texts(item, "CodeMeaning")
        ),
    ]
    return Tags(
        modality=text(dataset, "Modality").upper(),
        sop_class=text(dataset, "SOPClassUID"),
        vendor=_vendor(text(dataset, "Manufacturer")),
        description=plain_words(text(dataset, "SeriesDescription")),
        protocol=plain_words(text(dataset, "ProtocolName")),
        sequence_name=plain_words(
            " ".join((text(dataset, "SequenceName"), text(dataset, "PulseSequenceName")))
        ),
        body_part=text(dataset, "BodyPartExamined").upper(),
        image_type=tuple(
            dict.fromkeys(
                part.upper() for part in (*texts(frame_type, "FrameType"), *texts(dataset, "ImageType"))
            )
        ),
        component=(
            text(frame_type, "ComplexImageComponent") or text(dataset, "ComplexImageComponent")
        ).upper(),
        scanning=_scanning(dataset),
        acquisition_type=text(dataset, "MRAcquisitionType").upper(),
        agent=" ".join(agents).strip().lower(),
        tr_ms=first_finite(number(timing, "RepetitionTime"), number(dataset, "RepetitionTime")),
        te_ms=first_finite(number(echo, "EffectiveEchoTime"), number(dataset, "EchoTime")),
        ti_ms=first_finite(
            next(iter(numbers(modifier, "InversionTimes")), math.nan), number(dataset, "InversionTime")
        ),
        flip_degrees=first_finite(number(timing, "FlipAngle"), number(dataset, "FlipAngle")),
        field_t=number(dataset, "MagneticFieldStrength"),
        samples=integer(dataset, "SamplesPerPixel", 1),
        units=tuple(_units(dataset)),
        lossy=text(dataset, "LossyImageCompression"),
    )


def _scanning(dataset: Dataset) -> tuple[str, ...]:
    """ScanningSequence and SequenceVariant; for enhanced files what their own tags say instead."""
    found = [part.upper() for key in ("ScanningSequence", "SequenceVariant") for part in texts(dataset, key)]
    echo = text(dataset, "EchoPulseSequence").upper()
    found += {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}.get(echo, [])
    found += ["EP"] if text(dataset, "EchoPlanarPulseSequence").upper() == "YES" else []
    found += ["IR"] if text(dataset, "InversionRecovery").upper() == "YES" else []
    return tuple(dict.fromkeys(found))


def _units(dataset: Dataset) -> Iterator[str]:
    """Units that tags state, as they are written there, lower case."""
    transformation = functional_group(dataset, "PixelValueTransformationSequence")
    mapping = functional_group(dataset, "RealWorldValueMappingSequence")
    places = (
        (mapping, dataset.get("RealWorldValueMappingSequence") or ()),
        (None, dataset.get("ReferencedImageRealWorldValueMappingSequence") or ()),
    )
    for one, many in places:
        for item in (*([one] if one is not None else []), *many):
            for code in item.get("MeasurementUnitsCodeSequence") or ():
                yield from (text.lower() for key in ("CodeValue", "CodeMeaning") for text in texts(code, key))
    for part in (transformation, dataset):
        yield from (text.lower() for text in texts(part, "RescaleType"))
    yield from (text.lower() for text in texts(dataset, "Units"))


def _frames(dataset: Dataset) -> Iterator[Frame]:
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        yield _frame(
            numbers(dataset, "ImagePositionPatient"),
            numbers(dataset, "ImageOrientationPatient"),
            _rescale(dataset),
            _b_value(dataset),
        )
        return
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), None)
    for groups in per_frame:

        def part(name: str, groups: Dataset = groups) -> Dataset | None:
            found = groups.get(name) or (shared.get(name) if shared is not None else None)
            return found[0] if found else None

        transformation = part("PixelValueTransformationSequence")
        yield _frame(
            numbers(part("PlanePositionSequence"), "ImagePositionPatient"),
            numbers(part("PlaneOrientationSequence"), "ImageOrientationPatient"),
            _rescale(transformation if transformation is not None else dataset),
            number(part("MRDiffusionSequence"), "DiffusionBValue"),
        )


def _frame(
    position: list[float], orientation: list[float], rescale: tuple[float, float], b_value: float
) -> Frame:
    return Frame(
        position_mm=vector(position),
        row_direction=vector(orientation[:3]),
        column_direction=vector(orientation[3:]),
        b_value=b_value,
        rescale=rescale,
    )


def _b_value(dataset: Dataset) -> float:
    """Of the standard's tag, or of the vendors' own before it: Siemens, GE, Philips; NaN without any."""
    standard = number(dataset, "DiffusionBValue")
    if math.isfinite(standard):
        return standard
    for place in (_SIEMENS_B, _GE_B, _PHILIPS_B):
        value = private_number(dataset, place)
        if math.isfinite(value) and value >= 0:
            return value % _GE_B_OFFSET if place == _GE_B else value
    return math.nan


def _rescale(part: Dataset) -> tuple[float, float]:
    slope, intercept = number(part, "RescaleSlope"), number(part, "RescaleIntercept")
    return (slope if math.isfinite(slope) else 1.0, intercept if math.isfinite(intercept) else 0.0)


def _vendor(text: str) -> str:
    words = plain_words(text)
    found = next((name for name in _VENDORS if re.search(rf"\b{name}\b", words)), "")
    return {"toshiba": "canon", "fujifilm": "hitachi"}.get(found, found)
