"""A raw examination as the DICOM study of a clinic: a localizer, five sequences and CBV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cbvsynth.phantom.dicom.datasets import SeriesContent, file_bytes, series_datasets, uid
from cbvsynth.phantom.dicom.vendors import STYLES, Vendor, file_name
from cbvsynth.phantom.raw.case import RawCase
from cbvsynth.phantom.raw.images import RawImage
from cbvsynth.phantom.signals import (
    DIFFUSION_PROTOCOL,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    Protocol,
)

ORDER = ("localizer", "t1", "t2", "flair", "adc", "t1c", "cbv")
"""Series as they are acquired: contrast agent is given before T1C and CBV."""
_PERFUSION_PROTOCOL = Protocol(1.600, 0.030)
_LOCALIZER_PROTOCOL = Protocol(0.0086, 0.004)
_PROTOCOLS = {
    "localizer": _LOCALIZER_PROTOCOL,
    "t1": T1_PROTOCOL,
    "t2": T2_PROTOCOL,
    "t1c": T1_PROTOCOL,
    "flair": FLAIR_PROTOCOL,
    "adc": DIFFUSION_PROTOCOL,
    "cbv": _PERFUSION_PROTOCOL,
}
_AFTER_CONTRAST = ("t1c", "cbv")
_START_SECONDS, _SERIES_SECONDS = 9 * 3600 + 12 * 60, 240
_LOCALIZER_SLICES = 3


@dataclass(frozen=True)
class DicomPatient:
    """Who is said to lie in the scanner: `birth_date` and `study_date` as YYYYMMDD, `sex` F, M or O."""

    patient_id: str
    name: str = "PHANTOM^DIGITAL"
    birth_date: str = "19640229"
    sex: str = "O"
    age_years: int = 60
    study_date: str = "20240311"
    session: int = 1


def write_dicom_examination(folder: Path, case: RawCase, patient: DicomPatient, vendor: Vendor) -> list[Path]:
    """Write a study of seven series below `folder`, as `vendor` would, and return its files.

    Identifiers depend on the patient and the session alone. Equal arguments give equal bytes.
    """
    style = STYLES[vendor]
    common = _common(patient, vendor)
    paths = []
    for place, role in enumerate(ORDER):
        image = case.images["t1" if role == "localizer" else role]
        content = _content(role, image, place, style.agent if role in _AFTER_CONTRAST else "")
        for number, dataset in enumerate(series_datasets(common, content, style.series[role]), start=1):
            path = folder / file_name(vendor, content.number, style.series[role], number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file_bytes(dataset))
            paths.append(path)
    return paths


def _content(role: str, image: RawImage, place: int, agent: str) -> SeriesContent:
    voxels, affine = image.voxels, image.affine
    if role == "localizer":
        step = max(1, voxels.shape[2] // (_LOCALIZER_SLICES + 1))
        voxels = voxels[:, :, step::step][:, :, :_LOCALIZER_SLICES]
        affine = affine.copy()
        affine[:3, 3] += affine[:3, 2] * step
        affine[:3, 2] *= step
    seconds = _START_SECONDS + place * _SERIES_SECONDS
    return SeriesContent(role, np.asarray(voxels), affine, _PROTOCOLS[role], place + 1, agent, seconds)


def _common(patient: DicomPatient, vendor: Vendor) -> Dataset:
    """What all files of the study say about patient, study and equipment."""
    style = STYLES[vendor]
    common = Dataset()
    common.SpecificCharacterSet = "ISO_IR 192"
    common.PatientName, common.PatientID = patient.name, patient.patient_id
    common.PatientBirthDate, common.PatientSex = patient.birth_date, patient.sex
    common.PatientAge = f"{patient.age_years:03d}Y"
    common.PatientComments = "SYNTHETIC: digital phantom, no person"
    common.StudyInstanceUID = uid(patient.patient_id, patient.session)
    common.StudyID, common.AccessionNumber = str(patient.session), ""
    common.StudyDate, common.StudyTime = patient.study_date, "091000.000000"
    common.StudyDescription = "MRI brain tumour"
    common.ReferringPhysicianName = ""
    common.Modality = "MR"
    common.Manufacturer, common.ManufacturerModelName = style.manufacturer, style.model
    common.SoftwareVersions, common.DeviceSerialNumber = style.software, "0"
    common.InstitutionName = "Digital phantom clinic"
    common.MagneticFieldStrength = 3
    common.ImagedNucleus, common.ImagingFrequency = "1H", "123.2"
    return common
