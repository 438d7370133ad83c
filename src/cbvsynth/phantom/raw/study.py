"""A raw examination on disk, as NIfTI in a BIDS tree or as DICOM, and the truth beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cbvsynth.domain.adc_units import AdcUnit
from cbvsynth.domain.options import FileFormat, Strength
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.phantom import description, encoding
from cbvsynth.phantom.case import SOLID_LABEL
from cbvsynth.phantom.encoding import Storage, oblique_nifti_bytes
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.plan import PlannedExamination, StudySettings, participant_label, person_of
from cbvsynth.phantom.raw.case import RawCase, raw_case
from cbvsynth.phantom.raw.protocol import CBV, Coverage, RawSettings, Slices
from cbvsynth.study.sidecars import TISSUE_DENSITY_G_PER_ML

TRUTH = "code/truth"
"""What no scanner knows: transforms to T1 and brain masks. Nothing that checks a study reads it."""
LEGACY_SOLID_LABEL = 4
"""Label of the solid part in every second examination: as BraTS had it until 2022."""
_SEGMENTATIONS = "derivatives/segmentations"
_ADC_UNITS = (AdcUnit.E6_MM2_PER_S, AdcUnit.E3_MM2_PER_S, AdcUnit.MM2_PER_S)
_ADC_STORAGES = {
    AdcUnit.E6_MM2_PER_S: encoding.ADC,
    AdcUnit.E3_MM2_PER_S: encoding.ADC_E3_MM2_PER_S,
    AdcUnit.MM2_PER_S: encoding.ADC_MM2_PER_S,
}


@dataclass(frozen=True)
class Variant:
    """What differs between examinations of different places, by the patient's number."""

    orientations: Slices
    coverage: Coverage
    adc_unit: AdcUnit
    cbv_unit: str
    solid_label: int

    @property
    def cbv_factor(self) -> float:
        """What mL/100 g is multiplied by to be in `cbv_unit`."""
        return 1.0 if self.cbv_unit == "mL/100g" else TISSUE_DENSITY_G_PER_ML


def variant_of(planned: PlannedExamination) -> Variant:
    """The variant of an examination; faults are planted in the plainest, so that nothing else differs."""
    if planned.fault is not None:
        return Variant(Slices.AXIAL, Coverage.WHOLE, _ADC_UNITS[0], "mL/100g", SOLID_LABEL)
    number = planned.patient - 1
    return Variant(
        Slices.MIXED if number % 3 == 2 else Slices.AXIAL,
        Coverage.PARTIAL if number % 4 == 1 else Coverage.WHOLE,
        _ADC_UNITS[number % 3],
        "mL/100g" if number % 2 == 0 else "mL/100mL",
        SOLID_LABEL if number % 4 < 2 else LEGACY_SOLID_LABEL,
    )


def write_raw_examination(root: Path, settings: StudySettings, planned: PlannedExamination) -> None:
    """Draw and write one examination of a raw study below `root`."""
    variant = variant_of(planned)
    case = raw_case(
        seed=settings.seed,
        patient=planned.patient,
        session=planned.session,
        diagnosis=planned.diagnosis,
        settings=RawSettings(
            settings.matrix,
            settings.slices,
            settings.displacement_mm,
            settings.displacement_degrees,
            variant.orientations,
            variant.coverage,
            settings.t1c_delay_minutes,
        ),
        fault=planned.fault,
        strength=planned.strength,
    )
    place = f"{participant_label(settings, planned.patient)}/ses-{planned.session}"
    if settings.format is FileFormat.DICOM:
        _write_dicom(root / place, case, settings, planned)
    else:
        _write_nifti(root, place, case, variant, planned)
    _write_truth(root / TRUTH, place.replace("/", "_"), case, variant)


def _write_nifti(
    root: Path, place: str, case: RawCase, variant: Variant, planned: PlannedExamination
) -> None:
    stem = place.replace("/", "_")
    for sequence in PAPER_SEQUENCES:
        image, (folder, suffix) = case.images[sequence.value], description.file_suffix(sequence)
        path, factor, storage = root / place / folder / f"{stem}_{suffix}.nii", 1.0, encoding.ANATOMICAL
        if sequence is Sequence.ADC:
            factor, storage = 1.0 / variant.adc_unit.factor, _ADC_STORAGES[variant.adc_unit]
            if planned.fault is Fault.ADC_UNIT:
                storage = _ADC_STORAGES[_ADC_UNITS[2 if planned.strength is Strength.FULL else 1]]
            _write_json(path.with_suffix(".json"), {"Units": variant.adc_unit.value})
        _write(path, oblique_nifti_bytes(image.voxels * factor, image.affine, storage))
    cbv, path = case.images[CBV], root / place / "perf" / f"{stem}_cbv.nii"
    content = oblique_nifti_bytes(cbv.voxels * variant.cbv_factor, cbv.affine, _cbv_storage(planned))
    _write(path, content)
    _write_json(path.with_suffix(".json"), {"Units": variant.cbv_unit})
    segmentation = root / _SEGMENTATIONS / place / "anat" / f"{stem}_desc-lesion_dseg.nii"
    _write(segmentation, _labels(case, variant))


def _cbv_storage(planned: PlannedExamination) -> Storage:
    if planned.fault is Fault.CBV_UNIT:
        return (
            encoding.CBV_ARBITRARY_SIGNED if planned.strength is Strength.FULL else encoding.CBV_CALIBRATION
        )
    return encoding.CBV_FLOAT if planned.fault is Fault.NAN_CBV else encoding.CBV_SIGNED


def _labels(case: RawCase, variant: Variant) -> bytes:
    labels = np.where(case.lesion == SOLID_LABEL, np.uint8(variant.solid_label), case.lesion)
    return oblique_nifti_bytes(labels, case.images["t1"].affine, encoding.LABELS)


def _write_dicom(folder: Path, case: RawCase, settings: StudySettings, planned: PlannedExamination) -> None:
    from cbvsynth.phantom.dicom.examination import DicomPatient, write_dicom_examination
    from cbvsynth.phantom.dicom.vendors import Vendor

    person = person_of(settings, planned.patient)
    birth_year = 2024 - person.age
    patient = DicomPatient(
        patient_id=person.participant_id.removeprefix("sub-"),
        name=f"PHANTOM^{person.participant_id.upper()}",
        birth_date=f"{birth_year}0101",
        sex=person.sex,
        age_years=person.age,
        study_date=f"2024{3 + 6 * ((planned.session - 1) % 2):02d}11",
        session=planned.session,
    )
    vendors = tuple(Vendor)
    write_dicom_examination(folder, case, patient, vendors[(planned.patient - 1) % len(vendors)])


def _write_truth(folder: Path, stem: str, case: RawCase, variant: Variant) -> None:
    images = {
        role: {
            "to_t1": [[round(value, 9) for value in row] for row in image.to_t1.tolist()],
            "shift_mm": [round(value, 6) for value in image.displacement.shift_mm],
            "turn_axis": [round(value, 6) for value in image.displacement.axis],
            "turn_degrees": round(image.displacement.degrees, 6),
        }
        for role, image in case.images.items()
    }
    content = {
        "description": "to_t1: from the scanner RAS mm of an image to those of T1, 4 x 4",
        "orientations": variant.orientations,
        "coverage": variant.coverage,
        "adc_unit": variant.adc_unit,
        "cbv_unit": variant.cbv_unit,
        "solid_label": variant.solid_label,
        "diagnosis": case.diagnosis,
        "images": images,
    }
    _write_json(folder / f"{stem}.json", content)
    for role, image in case.images.items():
        mask = oblique_nifti_bytes(image.brain, image.affine, encoding.LABELS)
        _write(folder / f"{stem}_{role}_brain.nii", mask)
    _write(folder / f"{stem}_t1_lesion.nii", _labels(case, variant))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    _write(path, (json.dumps(content, indent=2) + "\n").encode())
