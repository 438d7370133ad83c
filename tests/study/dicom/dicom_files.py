"""Small DICOM series as scanners of several vendors write them, made with pydicom alone."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

KEY = "a key for the tests, not a secret"
SLICES, ROWS, COLUMNS = 8, 20, 16
SPACING_MM = (1.5, 1.25, 4.0)
"""Between rows, between columns and between slices."""

T1 = {
    "SeriesDescription": "AX T1 SE",
    "RepetitionTime": 500,
    "EchoTime": 9,
    "ScanningSequence": "SE",
    "FlipAngle": 90,
}
T1C = {**T1, "SeriesDescription": "AX T1 SE +C", "ContrastBolusAgent": "Gadovist"}
T2 = {"SeriesDescription": "AX T2 TSE", "RepetitionTime": 4500, "EchoTime": 95, "ScanningSequence": "SE"}
FLAIR = {
    **T2,
    "SeriesDescription": "AX FLAIR",
    "RepetitionTime": 9000,
    "EchoTime": 120,
    "InversionTime": 2500,
    "ScanningSequence": ["SE", "IR"],
}
ADC = {
    "SeriesDescription": "ep2d_diff_ADC",
    "ScanningSequence": "EP",
    "RepetitionTime": 6000,
    "EchoTime": 90,
    "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"],
}
RCBV = {
    "SeriesDescription": "relCBV",
    "ScanningSequence": "EP",
    "RepetitionTime": 1500,
    "EchoTime": 30,
    "ImageType": ["DERIVED", "SECONDARY", "PERFUSION", "RELCBV"],
}
SCOUT = {
    "SeriesDescription": "localizer",
    "RepetitionTime": 8,
    "EchoTime": 4,
    "ScanningSequence": "GR",
    "FlipAngle": 20,
}


def head(value: float = 100.0) -> npt.NDArray[np.int16]:
    """(slices, rows, columns): a block of tissue, brighter towards the top, right and front."""
    z, y, x = np.mgrid[:SLICES, :ROWS, :COLUMNS]
    inside = (abs(y - 9.5) < 8) & (abs(x - 7.5) < 6)
    return np.where(inside, value + z + 2 * y + 3 * x, 0).astype(np.int16)


def position(index: float) -> list[float]:
    """Of a slice, in DICOM's axes, mm; the slices are axial and go up."""
    return [-10.0, -15.0, -12.0 + SPACING_MM[2] * index]


def write_series(
    folder: Path,
    tags: Mapping[str, Any],
    *,
    number: int = 1,
    time: str = "100000",
    patient: str = "4711",
    study: str = "1.2.3.4",
    voxels: npt.NDArray[np.int16] | None = None,
    skip: Iterable[int] = (),
    change: Any = None,
    ending: str = ".dcm",
    frame_of_reference: str = "1.2.3.5",
) -> list[Path]:
    """One file a slice; `change(dataset, index)` alters each before it is written."""
    values = head() if voxels is None else voxels
    series_uid = generate_uid(entropy_srcs=[str(folder), str(number), patient, study])
    paths = []
    for index in range(len(values)):
        if index in set(skip):
            continue
        dataset = base(tags, number=number, time=time, patient=patient, study=study)
        dataset.SeriesInstanceUID = series_uid
        dataset.FrameOfReferenceUID = frame_of_reference
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series_uid, str(index)])
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = position(index)
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing = list(SPACING_MM[:2])
        dataset.SliceThickness = SPACING_MM[2]
        put_pixels(dataset, values[index])
        if change is not None:
            change(dataset, index)
        paths.append(save(dataset, folder / f"IM{number:03d}{index:04d}{ending}"))
    return paths


def base(tags: Mapping[str, Any], *, number: int, time: str, patient: str, study: str) -> FileDataset:
    """A dataset without pixels and places."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = MRImageStorage
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    content = {
        "SOPClassUID": MRImageStorage,
        "Modality": "MR",
        "Manufacturer": "SIEMENS",
        "PatientID": patient,
        "PatientName": "MUELLER^HANNELORE",
        "PatientBirthDate": "19501231",
        "PatientSex": "F",
        "PatientAge": "069Y",
        "StudyInstanceUID": study,
        "SeriesNumber": number,
        "StudyDate": "20200102",
        "SeriesDate": "20200102",
        "AcquisitionDate": "20200102",
        "AcquisitionTime": time,
        "SeriesTime": time,
        "StudyTime": "095900",
        "AccessionNumber": "",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "MRAcquisitionType": "2D",
        "SequenceVariant": "SK",
        "MagneticFieldStrength": 3,
        "FlipAngle": 90,
        "PatientPosition": "HFS",
        **tags,
    }
    for name, value in content.items():
        setattr(dataset, name, value)
    return dataset


def put_pixels(dataset: Dataset, values: npt.NDArray[np.int16]) -> None:
    """Pixels of one slice (rows, columns) or of several (frames, rows, columns)."""
    dataset.Rows, dataset.Columns = values.shape[-2:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.PixelData = np.ascontiguousarray(values, dtype="<i2").tobytes()


def write_enhanced(
    path: Path,
    tags: Mapping[str, Any],
    *,
    number: int = 1,
    patient: str = "4711",
    study: str = "1.2.3.4",
    time: str = "100000",
    voxels: npt.NDArray[np.int16] | None = None,
) -> Path:
    """A multi-frame file; timing goes to the functional groups, as scanners write it."""
    values = head() if voxels is None else voxels
    plain = {
        key: value
        for key, value in tags.items()
        if key not in {"RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "ScanningSequence"}
    }
    dataset = base(plain, number=number, time=time, patient=patient, study=study)
    del dataset.SequenceVariant, dataset.FlipAngle
    dataset.SOPClassUID = EnhancedMRImageStorage
    dataset.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[str(path)])
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[str(path), "sop"])
    dataset.FrameOfReferenceUID = "1.2.3.5"
    dataset.InstanceNumber = 1
    dataset.NumberOfFrames = len(values)
    dataset.AcquisitionDateTime = f"20200102{time}"
    scanning = tags["ScanningSequence"]
    dataset.EchoPulseSequence = "GRADIENT" if "GR" in scanning else "SPIN"
    dataset.EchoPlanarPulseSequence = "YES" if "EP" in scanning else "NO"
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence(
        [of(PixelSpacing=list(SPACING_MM[:2]), SliceThickness=SPACING_MM[2])]
    )
    shared.PlaneOrientationSequence = Sequence([of(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    shared.MRTimingAndRelatedParametersSequence = Sequence(
        [of(RepetitionTime=tags["RepetitionTime"], FlipAngle=tags.get("FlipAngle", 90))]
    )
    shared.MREchoSequence = Sequence([of(EffectiveEchoTime=float(tags["EchoTime"]))])
    if "InversionTime" in tags:
        shared.MRModifierSequence = Sequence([of(InversionTimes=[float(tags["InversionTime"])])])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for index in range(len(values)):
        frame = Dataset()
        frame.FrameContentSequence = Sequence(
            [of(StackID="1", InStackPositionNumber=index + 1, DimensionIndexValues=[1, index + 1])]
        )
        frame.PlanePositionSequence = Sequence([of(ImagePositionPatient=position(index))])
        frame.PixelValueTransformationSequence = Sequence(
            [of(RescaleIntercept=0, RescaleSlope=1, RescaleType="US")]
        )
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    put_pixels(dataset, values)
    return save(dataset, path)


def of(**values: Any) -> Dataset:
    """A dataset of these values."""
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def save(dataset: FileDataset, path: Path) -> Path:
    """Write a file as it would leave a PACS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    copy.copy(dataset).save_as(path, enforce_file_format=True)
    return path


def write_examination(root: Path, *, patient: str = "4711", study: str = "1.2.3.4", cbv: bool = True) -> None:
    """A whole examination: scout, T1, T2, FLAIR, ADC, T1C, and a relative CBV map."""
    put = {"patient": patient, "study": study}
    write_series(root / "1", SCOUT, number=1, time="100000", **put)
    write_series(root / "2", T1, number=2, time="100100", **put)
    write_series(root / "3", T2, number=3, time="100200", **put)
    write_series(root / "4", FLAIR, number=4, time="100300", **put)
    write_series(root / "5", ADC, number=5, time="100400", voxels=head(800), **put)
    write_series(root / "7", T1C, number=7, time="101000", **put)
    if cbv:
        write_series(root / "8", RCBV, number=8, time="100500", voxels=head(50), **put)


def with_key(root: Path) -> Path:
    """A data root with a pseudonym key."""
    root.mkdir(parents=True, exist_ok=True)
    (root / ".pseudonym-key").write_text(KEY, encoding="utf-8")
    return root
