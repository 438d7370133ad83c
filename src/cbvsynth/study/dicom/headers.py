"""Find DICOM files below a folder and read their headers; voxels are left to the converter."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cbvsynth.errors import ManifestError
from cbvsynth.study.dicom.tags import Frame, Identity, ImageFile, Tags, Unreadable, Vector
from cbvsynth.study.paths import path_problem

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CONVERTED_FOLDER = "cbvsynth-nifti"
"""Where a data root keeps what was converted from DICOM; it is not searched for DICOM itself."""

_NO_IMAGE = "DICOM without an image (reports, presentation states, spectra)"
_DAMAGED = "damaged or incomplete DICOM; export again"
_DIRECTORY = "DICOMDIR, which is not needed: the files themselves are read"
_LINKED = "a link out of the folder; copy the file into it"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_BETWEEN_WORDS = re.compile(r"[\s_\-.^/\\|,;:()\[\]]+")
_VENDORS = ("siemens", "ge", "philips", "canon", "toshiba", "hitachi", "fujifilm", "united imaging", "bruker")
_SIEMENS_B = (0x0019, 0x100C)
_GE_B = (0x0043, 0x1039)
_PHILIPS_B = (0x2001, 0x1003)
_PHILIPS_SCALE = (0x2005, 0x100E)
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
    with _quiet_pydicom():
        for path in _files(root):
            if path.is_symlink() and path_problem(root, PurePosixPath(path.relative_to(root).as_posix())):
                left.add(_LINKED)
                continue
            image = _read(path, left)
            if image is not None:
                found.setdefault(image.sop_uid or str(path), image)
    return list(found.values()), left


def _files(root: Path) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise ManifestError(
            f"A folder of DICOM files cannot be read ({error.strerror}); change its permissions."
        ) from error

    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and name != CONVERTED_FOLDER
        )
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


@contextlib.contextmanager
def _quiet_pydicom() -> Iterator[None]:
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
        dataset = dcmread(path, stop_before_pixels=True, force=True)
        if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == _MEDIA_DIRECTORY:
            left.add(_DIRECTORY)
            return None
        if not dataset.get("Rows") or not dataset.get("Columns"):
            left.add(_NO_IMAGE if dataset.get("SOPClassUID") else _DAMAGED)
            return None
        return _image(path, dataset)
    # What a damaged file makes of pydicom: lengths beyond the end, values that are no numbers or text.
    except (
        InvalidDicomError,
        BytesLengthException,
        EOFError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        NotImplementedError,
        UnicodeError,
        IndexError,
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
    measures = _group(dataset, "PixelMeasuresSequence")
    spacing = _numbers(measures, "PixelSpacing") or _numbers(dataset, "PixelSpacing")
    return ImageFile(
        path=path,
        identity=Identity(
            patient_id=_text(dataset, "PatientID").strip(),
            birth_date=_text(dataset, "PatientBirthDate"),
            patient_sex=_text(dataset, "PatientSex"),
            age=_text(dataset, "PatientAge"),
            study_uid=_text(dataset, "StudyInstanceUID"),
        ),
        series_uid=_text(dataset, "SeriesInstanceUID"),
        sop_uid=_text(dataset, "SOPInstanceUID"),
        frame_of_reference=_text(dataset, "FrameOfReferenceUID"),
        series_number=_integer(dataset, "SeriesNumber"),
        tags=tags,
        frames=frames,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 else (math.nan, math.nan),
        transfer_syntax=str(dataset.file_meta.get("TransferSyntaxUID", "")),
        seconds=_seconds(dataset),
        philips_scale=_private_number(dataset, _PHILIPS_SCALE) if tags.vendor == "philips" else math.nan,
    )


def _tags(dataset: Dataset) -> Tags:
    timing = _group(dataset, "MRTimingAndRelatedParametersSequence")
    echo = _group(dataset, "MREchoSequence")
    modifier = _group(dataset, "MRModifierSequence")
    frame_type = _group(dataset, "MRImageFrameTypeSequence")
    agents = [
        *_texts(dataset, "ContrastBolusAgent"),
        *_texts(dataset, "ContrastBolusIngredient"),
        *(
            text
            for item in dataset.get("ContrastBolusAgentSequence") or ()
            for text in _texts(item, "CodeMeaning")
        ),
    ]
    return Tags(
        modality=_text(dataset, "Modality").upper(),
        sop_class=_text(dataset, "SOPClassUID"),
        vendor=_vendor(_text(dataset, "Manufacturer")),
        description=_words(_text(dataset, "SeriesDescription")),
        protocol=_words(_text(dataset, "ProtocolName")),
        sequence_name=_words(" ".join((_text(dataset, "SequenceName"), _text(dataset, "PulseSequenceName")))),
        body_part=_text(dataset, "BodyPartExamined").upper(),
        image_type=tuple(
            dict.fromkeys(
                part.upper() for part in (*_texts(frame_type, "FrameType"), *_texts(dataset, "ImageType"))
            )
        ),
        component=(
            _text(frame_type, "ComplexImageComponent") or _text(dataset, "ComplexImageComponent")
        ).upper(),
        scanning=_scanning(dataset),
        acquisition_type=_text(dataset, "MRAcquisitionType").upper(),
        agent=" ".join(agents).strip().lower(),
        tr_ms=_first(_number(timing, "RepetitionTime"), _number(dataset, "RepetitionTime")),
        te_ms=_first(_number(echo, "EffectiveEchoTime"), _number(dataset, "EchoTime")),
        ti_ms=_first(
            next(iter(_numbers(modifier, "InversionTimes")), math.nan), _number(dataset, "InversionTime")
        ),
        flip_degrees=_first(_number(timing, "FlipAngle"), _number(dataset, "FlipAngle")),
        field_t=_number(dataset, "MagneticFieldStrength"),
        samples=_integer(dataset, "SamplesPerPixel", 1),
        units=tuple(_units(dataset)),
        lossy=_text(dataset, "LossyImageCompression"),
    )


def _scanning(dataset: Dataset) -> tuple[str, ...]:
    """ScanningSequence and SequenceVariant; for enhanced files what their own tags say instead."""
    found = [part.upper() for key in ("ScanningSequence", "SequenceVariant") for part in _texts(dataset, key)]
    echo = _text(dataset, "EchoPulseSequence").upper()
    found += {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}.get(echo, [])
    found += ["EP"] if _text(dataset, "EchoPlanarPulseSequence").upper() == "YES" else []
    found += ["IR"] if _text(dataset, "InversionRecovery").upper() == "YES" else []
    return tuple(dict.fromkeys(found))


def _units(dataset: Dataset) -> Iterator[str]:
    """Units that tags state, as they are written there, lower case."""
    transformation = _group(dataset, "PixelValueTransformationSequence")
    mapping = _group(dataset, "RealWorldValueMappingSequence")
    places = (
        (mapping, dataset.get("RealWorldValueMappingSequence") or ()),
        (None, dataset.get("ReferencedImageRealWorldValueMappingSequence") or ()),
    )
    for one, many in places:
        for item in (*([one] if one is not None else []), *many):
            for code in item.get("MeasurementUnitsCodeSequence") or ():
                yield from (
                    text.lower() for key in ("CodeValue", "CodeMeaning") for text in _texts(code, key)
                )
    for part in (transformation, dataset):
        yield from (text.lower() for text in _texts(part, "RescaleType"))
    yield from (text.lower() for text in _texts(dataset, "Units"))


def _frames(dataset: Dataset) -> Iterator[Frame]:
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        yield _frame(
            _numbers(dataset, "ImagePositionPatient"),
            _numbers(dataset, "ImageOrientationPatient"),
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
            _numbers(part("PlanePositionSequence"), "ImagePositionPatient"),
            _numbers(part("PlaneOrientationSequence"), "ImageOrientationPatient"),
            _rescale(transformation if transformation is not None else dataset),
            _number(part("MRDiffusionSequence"), "DiffusionBValue"),
        )


def _frame(
    position: list[float], orientation: list[float], rescale: tuple[float, float], b_value: float
) -> Frame:
    return Frame(
        position_mm=_vector(position),
        row_direction=_vector(orientation[:3]),
        column_direction=_vector(orientation[3:]),
        b_value=b_value,
        rescale=rescale,
    )


def _b_value(dataset: Dataset) -> float:
    """Of the standard's tag, or of the vendors' own before it: Siemens, GE, Philips; NaN without any."""
    standard = _number(dataset, "DiffusionBValue")
    if math.isfinite(standard):
        return standard
    for place in (_SIEMENS_B, _GE_B, _PHILIPS_B):
        value = _private_number(dataset, place)
        if math.isfinite(value) and value >= 0:
            return value % _GE_B_OFFSET if place == _GE_B else value
    return math.nan


def _rescale(part: Dataset) -> tuple[float, float]:
    slope, intercept = _number(part, "RescaleSlope"), _number(part, "RescaleIntercept")
    return (slope if math.isfinite(slope) else 1.0, intercept if math.isfinite(intercept) else 0.0)


def _seconds(dataset: Dataset) -> float:
    """When it was acquired, seconds on a scale that all files of a study share; NaN where unknown."""
    for date_time in _texts(dataset, "AcquisitionDateTime"):
        found = _moment(date_time[:8], date_time[8:])
        if math.isfinite(found):
            return found
    for name in ("Acquisition", "Series", "Content"):
        date = _text(dataset, f"{name}Date") or _text(dataset, "StudyDate")
        found = _moment(date, _text(dataset, f"{name}Time"))
        if math.isfinite(found):
            return found
    return math.nan


def _moment(date: str, time: str) -> float:
    digits = time.strip().replace(":", "")
    if not re.fullmatch(r"\d{6}(?:\.\d*)?.*", digits):
        return math.nan
    try:
        day = dt.date(int(date[:4]), int(date[4:6]), int(date[6:8])).toordinal() if date else 0
    except ValueError:
        day = 0
    fraction = re.match(r"\d{6}(\.\d+)?", digits)
    part = float(fraction[1]) if fraction and fraction[1] else 0.0
    return day * 86400.0 + int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6]) + part


def _group(dataset: Dataset, name: str) -> Dataset | None:
    """The first item of a functional group, of all frames or else of the first frame."""
    for holder in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for groups in (dataset.get(holder) or ())[:1]:
            found = groups.get(name)
            if found:
                return found[0]  # type: ignore[no-any-return]  # pydicom's items are datasets
    return None


def _vendor(text: str) -> str:
    words = _words(text)
    found = next((name for name in _VENDORS if re.search(rf"\b{name}\b", words)), "")
    return {"toshiba": "canon", "fujifilm": "hitachi"}.get(found, found)


def _words(text: str) -> str:
    """Lower case, with single spaces for the signs between words; a plus stays, as it means contrast."""
    return _BETWEEN_WORDS.sub(" ", text).strip().lower()


def _value(part: Dataset | None, name: str) -> Any:  # noqa: ANN401  # whatever a tag may hold
    if part is None:
        return None
    try:
        return part.get(name)
    except (ValueError, TypeError, UnicodeError, NotImplementedError):
        return None


def _texts(part: Dataset | None, name: str) -> list[str]:
    value = _value(part, name)
    if value is None:
        return []
    values: Iterable[Any] = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
    return [str(one).strip() for one in values if str(one).strip()]


def _text(part: Dataset | None, name: str) -> str:
    return " ".join(_texts(part, name))


def _numbers(part: Dataset | None, name: str) -> list[float]:
    try:
        return [float(text) for text in _texts(part, name)]
    except ValueError:
        return []


def _number(part: Dataset | None, name: str) -> float:
    return next(iter(_numbers(part, name)), math.nan)


def _integer(part: Dataset | None, name: str, default: int = 0) -> int:
    value = _number(part, name)
    return int(value) if math.isfinite(value) else default


def _first(*values: float) -> float:
    return next((value for value in values if math.isfinite(value)), math.nan)


def _vector(values: list[float]) -> Vector | None:
    if len(values) != 3 or not all(map(math.isfinite, values)):
        return None
    return values[0], values[1], values[2]


def _private_number(dataset: Dataset, place: tuple[int, int]) -> float:
    """A number of a private tag; NaN where it is missing or stored as unknown bytes."""
    element = dataset.get(place)
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace").strip("\0 ").split("\\")
    if isinstance(value, (list, tuple)) or (isinstance(value, Iterable) and not isinstance(value, str)):
        value = next(iter(value), None)
    try:
        return float(str(value))
    except ValueError:
        return math.nan
