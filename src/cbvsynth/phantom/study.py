"""The phantom study on disk: a BIDS tree with derivatives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.options import Entry, FileFormat, Strength
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom import description, encoding
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.encoding import Storage, nifti_bytes
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.plan import (
    PlannedExamination,
    StudySettings,
    participant_label,
    person_of,
    plan_study,
)
from cbvsynth.progress import progress_bar
from cbvsynth.records.storage import sha256_tree, tree_digest

PHANTOM_VERSION = "1"
"""Changes whenever the same settings give other bytes."""
MARKER = "code/phantom.json"
"""Says which settings made the study, and the digest of all its other files."""
PLANTED_FAULTS = "code/planted_faults.tsv"
"""The answers: which examination holds which fault. Nothing that checks a study reads it."""

_MASKS = "derivatives/masks"
_SEGMENTATIONS = "derivatives/segmentations"
_MONTHS_BETWEEN_SESSIONS = 6
_FEWEST_FOR_A_POOL = 6


def write_study(
    root: Path,
    settings: StudySettings,
    workers: int = 1,
    plan: tuple[PlannedExamination, ...] = (),
) -> str:
    """Write a whole study below `root` and return the digest of its tree without `MARKER`.

    The bytes depend on the settings alone, not on `workers` or the clock; those of an aligned study not
    on the machine either. `plan` replaces what the settings would examine.

    Raises:
        DataError: the brain template is not installed.
    """
    plan = plan or plan_study(settings)
    for _ in progress_bar(
        _each(partial(_write_examination, root, settings), plan, workers),
        total=len(plan),
        desc="phantom",
        unit="examination",
    ):
        pass
    _write_descriptions(root, settings, plan)
    digests = sha256_tree(root)
    digest = tree_digest(digests)
    marker = {"generator": "cbvsynth.phantom", "version": PHANTOM_VERSION, "settings": settings.record()}
    _write_json(root / MARKER, {**marker, "other_files": len(digests), "digest_of_other_files": digest})
    return digest


def _each(write: partial[None], plan: tuple[PlannedExamination, ...], workers: int) -> Iterator[None]:
    if workers <= 1 or len(plan) < _FEWEST_FOR_A_POOL:
        yield from map(write, plan)
        return
    with ProcessPoolExecutor(min(workers, len(plan)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(write, plan)


def _write_examination(root: Path, settings: StudySettings, planned: PlannedExamination) -> None:
    if settings.entry is Entry.RAW:
        from cbvsynth.phantom.raw.study import write_raw_examination

        write_raw_examination(root, settings, planned)
        return
    case = make_case(
        seed=settings.seed,
        patient=planned.patient,
        session=planned.session,
        diagnosis=planned.diagnosis,
        matrix=settings.matrix,
        slices=settings.slices,
        fault=planned.fault,
        strength=planned.strength,
        t1c_delay_minutes=settings.t1c_delay_minutes,
        asl=settings.asl,
        contrast=settings.contrast,
    )
    place = f"{participant_label(settings, planned.patient)}/ses-{planned.session}"
    stem = place.replace("/", "_")
    for sequence, image in case.images.items():
        folder, suffix = description.file_suffix(sequence)
        storage = _storage(sequence, planned)
        _write_volume(root / place / folder / f"{stem}_{suffix}.nii", image, case, storage)
    cbv_storage = damaged_cbv_storage(planned) or encoding.CBV
    _write_volume(root / place / "perf" / f"{stem}_cbv.nii", case.cbv, case, cbv_storage)
    mask = root / _MASKS / place / "anat" / f"{stem}_desc-brain_mask.nii"
    _write_volume(mask, case.brain, case, encoding.LABELS)
    segmentation = root / _SEGMENTATIONS / place / "anat" / f"{stem}_desc-lesion_dseg.nii"
    _write_volume(segmentation, case.lesion, case, encoding.LABELS)


def _storage(sequence: Sequence, planned: PlannedExamination) -> Storage:
    if sequence is Sequence.ADC:
        return adc_storage(planned)
    return encoding.CBF if sequence is Sequence.ASL else encoding.ANATOMICAL


def adc_storage(planned: PlannedExamination) -> Storage:
    """How ADC is stored: with a fault of its unit, in another one."""
    if planned.fault is not Fault.ADC_UNIT:
        return encoding.ADC
    return encoding.ADC_MM2_PER_S if planned.strength is Strength.FULL else encoding.ADC_E3_MM2_PER_S


def damaged_cbv_storage(planned: PlannedExamination) -> Storage | None:
    """How a CBV map is stored whose values are not those of CBV; None for all others."""
    if planned.fault is Fault.CBV_UNIT:
        return encoding.CBV_ARBITRARY if planned.strength is Strength.FULL else encoding.CBV_CALIBRATION
    if planned.fault is Fault.NEGATIVE_CBV:
        return encoding.CBV_SIGNED
    return encoding.CBV_FLOAT if planned.fault is Fault.NAN_CBV else None


def _write_volume(
    path: Path, volume: npt.NDArray[np.float64 | np.bool_ | np.uint8], case: PhantomCase, storage: Storage
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(nifti_bytes(volume, case.spacing_mm, case.origin_mm, storage))


def _write_descriptions(root: Path, settings: StudySettings, plan: tuple[PlannedExamination, ...]) -> None:
    raw, dicom = settings.entry is Entry.RAW, settings.format is FileFormat.DICOM
    (root / "README").write_text(
        description.readme(settings.entry, settings.format, settings.asl), encoding="utf-8"
    )
    if not dicom:
        _write_json(root / "dataset_description.json", description.dataset_description(PHANTOM_VERSION))
        derivatives = {_SEGMENTATIONS: "Lesion segmentations"} | ({} if raw else {_MASKS: "Brain masks"})
        for folder, name in derivatives.items():
            content = description.derivative_description(f"{name} of the phantom", PHANTOM_VERSION)
            _write_json(root / folder / "dataset_description.json", content)
        (root / ".bidsignore").write_text(description.bidsignore(settings.asl), encoding="utf-8")
        for name, sidecar in description.sidecars(settings.asl).items():
            _write_json(root / name, sidecar)
    patients = sorted({planned.patient for planned in plan})
    people = [person_of(settings, patient) for patient in patients]
    _write_table(
        root / "participants.tsv",
        ("participant_id", "age", "sex", "diagnosis", "grade"),
        [(one.participant_id, one.age, one.sex, one.diagnosis, one.grade) for one in people],
    )
    _write_json(root / "participants.json", description.PARTICIPANT_COLUMNS)
    for patient in patients if not dicom else ():
        subject = participant_label(settings, patient)
        sessions = [planned.session for planned in plan if planned.patient == patient]
        _write_table(
            root / subject / f"{subject}_sessions.tsv",
            ("session_id", "months_since_first", "scanner", "field_t"),
            [
                (f"ses-{session}", (session - 1) * _MONTHS_BETWEEN_SESSIONS, "digital phantom", 3)
                for session in sessions
            ],
        )
    _write_table(
        root / PLANTED_FAULTS,
        ("participant_id", "session_id", "fault", "explanation"),
        [
            (participant_label(settings, one.patient), f"ses-{one.session}", one.fault, one.fault.explanation)
            for one in plan
            if one.fault
        ],
    )


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    lines = ["\t".join(columns), *("\t".join(str(value) for value in row) for row in rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
