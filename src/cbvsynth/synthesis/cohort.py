"""New phantom patients for the clinical questions, none of whom any model has seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cbvsynth.domain.map_measures import MapKind, measure_map
from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.simulated_readers import TASKS, LesionFeatures, Task
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.errors import UnitError
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.tissues import Diagnosis
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.progress import progress_bar

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel


def make_cohort(  # noqa: PLR0913  # what decides a cohort
    saved_model: Path, *, per_class: int, seed: int, matrix: int, slices: int, kind: MapKind
) -> list[LesionFeatures]:
    """Draw, synthesise and measure the lesions of all tasks; each belongs to a different patient.

    Images are drawn as preprocess would cache them, without going through files: they lie on one grid
    already and are set to 0 outside the brain.

    Args:
        saved_model: the exported model that makes the synthetic maps.
        per_class: patients with either answer, for each task.
        seed: of the phantom; must not be that of the study that the model learned from.
        matrix: in-plane matrix, voxels.
        slices: number of slices.
        kind: whether CBV is read from the synthetic or from the measured map.

    Raises:
        ModelError: the model is missing, damaged or of another preprocessing.
        UnitError: the model answers in another unit than mL/100 g.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        from cbvsynth.training.saved_model import load_exported

        model = load_exported(saved_model)
    model.description.require_preprocessing(PREPROCESSING_VERSION)
    if model.description.target_unit is not TargetUnit.ML_PER_100G:
        raise UnitError(
            f"{model.description.model} answers in {model.description.target_unit}; the phantom's patients "
            "need a model in mL/100g. Choose one that was trained on the phantom."
        )
    plan = list(_plan(per_class))
    found = []
    for number, task, diagnosis in progress_bar(plan, desc="cohort", unit="patient"):
        case = make_case(seed=seed, patient=number, diagnosis=diagnosis, matrix=matrix, slices=slices)
        found.append(_features(case, model, f"phantom-{number:04d}", task, kind))
    return found


def _plan(per_class: int) -> Iterator[tuple[int, Task, Diagnosis]]:
    number = 0
    for task in TASKS:
        for answer in (task.yes, task.no):
            for _ in range(per_class):
                number += 1
                yield number, task, Diagnosis(answer)


def _features(
    case: PhantomCase, model: ExportedModel, name: str, task: Task, kind: MapKind
) -> LesionFeatures:
    images = {one: (case.images[one] * case.brain).astype(np.float32) for one in case.images}
    lesion = lesion_region(case.lesion, case.brain)
    white = normal_appearing_white_matter(images, case.brain, case.lesion, case.spacing_mm)
    maps = {
        MapKind.REAL: case.cbv.astype(np.float32),
        MapKind.SYNTHETIC: model({one.value: images[one][np.newaxis] for one in model.description.sequences})[
            0
        ],
    }
    measures = {
        one: measure_map(cbv, case.brain, case.lesion, white, exam_id=name, kind=one)
        for one, cbv in maps.items()
    }
    return LesionFeatures(
        exam_id=name,
        patient=name,
        task=task.name,
        truth=case.diagnosis == task.yes,
        signal=tuple(float(image[lesion].mean() / image[white].mean()) for image in images.values()),
        cbv=(measures[kind].lesion_mean, measures[kind].hot_spot_ratio),
        mean_cbv={one: found.lesion_mean for one, found in measures.items()},
    )
