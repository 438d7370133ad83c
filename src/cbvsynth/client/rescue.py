"""The map of an examination whose CBV is spoilt, from whatever of its standard MRI is sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.client.batch import map_name
from cbvsynth.client.preparation import prepare_files
from cbvsynth.client.synthesis import Models, Prediction, synthesise
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.errors import DataError
from cbvsynth.pages.pictures.examples import ANATOMY
from cbvsynth.pages.rescue_page import RescuedMap
from cbvsynth.records.decisions import Decision
from cbvsynth.study.aligned import read_aligned

SPOILT = ("metal artefact", "failed CBV")
"""How reasons of validate begin that leave the standard MRI sound."""
_OF_ADC = "ADC"
_NOTABLE_SHARE = 0.005
"""Share of the brain without signal from which the page says so. Ours: a small vessel is less."""


def spoilt_examinations(
    examinations: Sequence[Examination], decisions: Sequence[Decision]
) -> list[tuple[Examination, tuple[str, ...]]]:
    """Examinations that validate dropped for their CBV or ADC alone, each with the reasons."""
    reasons = {one.exam_id: one.reasons for one in decisions if not one.accepted}
    return [
        (one, reasons[one.exam_id])
        for one in examinations
        if one.exam_id in reasons and all(reason.startswith(SPOILT) for reason in reasons[one.exam_id])
    ]


def rescue_examination(  # noqa: PLR0913  # what is read, by whom, and where to
    root: Path,
    examination: Examination,
    reasons: Sequence[str],
    models: Models,
    *,
    folder: Path,
    register: Register = Register.RIGID,
) -> RescuedMap:
    """Make, save and describe the map; ADC is left out where a reason is about it.

    Raises:
        DataError: the images cannot be prepared, or no model works with what is left.
        ServingError: the server does not answer.
    """
    unusable = {MriSequence.ADC} if any(_OF_ADC in reason for reason in reasons) else set()
    prepared = prepare_files(root, examination, unusable=unusable, register=register)
    if MriSequence.ADC in unusable:
        spoilt = "spoilt, by the checks of validate"
        prepared = replace(prepared, left_out={**prepared.left_out, MriSequence.ADC: spoilt})
    made = synthesise(prepared, models)
    name = map_name(examination.exam_id)
    made.save(folder / name, overwrite=True)
    shown = next(sequence for sequence in ANATOMY if sequence in prepared.inputs)
    adc, cbv = _measured(root, examination, made)
    assert prepared.spacing_mm is not None, "files have a voxel size"
    return RescuedMap(
        exam_id=examination.exam_id,
        diagnosis=examination.diagnosis,
        spoilt=reasons,
        chosen=("ADC is left out. " if MriSequence.ADC in unusable else "") + made.record.choice.reason,
        warnings=(*made.record.warnings, *_without_signal(made)),
        file=name,
        anatomy_label=shown.label,
        anatomy=prepared.inputs[shown],
        adc=adc,
        cbv=cbv,
        synthetic=made.canonical,
        brain=prepared.mask,
        spacing_mm=prepared.spacing_mm[:2],
        data_range=made.cbv_max,
        target_unit=made.record.served.target_unit.value,
    )


def _without_signal(made: Prediction) -> list[str]:
    """Where metal took the signal of what the model read, too, the map is made of nothing."""
    found = []
    for sequence in made.record.served.model.combination.sequences:
        share = float(np.mean(made.prepared.inputs[sequence][made.prepared.mask] == 0))
        if share >= _NOTABLE_SHARE:
            found.append(
                f"{sequence.label} has no signal in {100 * share:.1f} % of the brain; the map says nothing "
                "there."
            )
    return found


def _measured(
    root: Path, examination: Examination, made: Prediction
) -> tuple[npt.NDArray[np.float32] | None, npt.NDArray[np.float32] | None]:
    """ADC and CBV as measured, on the grid of the map; None for what cannot be brought onto it."""
    try:
        aligned = read_aligned(root, replace(examination, seg=None), made.prepared.reference)
    except DataError:
        return None, None
    found = (aligned.inputs.get(MriSequence.ADC), aligned.cbv)
    adc, cbv = (one if one is not None and one.shape == made.canonical.shape else None for one in found)
    return adc, cbv
