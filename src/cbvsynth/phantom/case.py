"""One examination of the phantom, in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.options import Contrast, Strength, Switch
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import acquire
from cbvsynth.phantom.anatomy import Anatomy, build_anatomy
from cbvsynth.phantom.blood_flow import record_flow
from cbvsynth.phantom.faults import (
    Fault,
    damage_recording,
    damage_stored,
    noise_factor,
    slices_kept,
)
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.lesions import draw_lesion, varied
from cbvsynth.phantom.recording import record
from cbvsynth.phantom.signals import USUAL_DELAY_MINUTES
from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.tissues import Diagnosis, Tissue

Float64Array = npt.NDArray[np.float64]

NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL = 1, 2, 3
"""Labels of the lesion's parts, as in BraTS; the solid part is 3 whether it enhances or not."""


@dataclass(frozen=True)
class PhantomCase:
    """One examination; all arrays are (X, Y, Z) on one axial RAS grid.

    `images`: float64; T1, T2, T1C, FLAIR in arbitrary units with Rician noise also outside the brain,
    ADC in 1e-6 mm2/s and, where it was asked for, ASL (CBF) in mL/100 g/min, both 0 outside. `cbv`: float64,
    mL/100 g, 0 outside the brain. `brain`: bool.
    `lesion`: uint8, 0 none, 1 necrosis, 2 oedema, 3 solid.
    """

    images: dict[Sequence, Float64Array]
    cbv: Float64Array
    brain: npt.NDArray[np.bool_]
    lesion: npt.NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    diagnosis: Diagnosis


def make_case(  # noqa: PLR0913  # each is a choice that a test makes
    *,
    seed: int = 2023,
    patient: int = 1,
    session: int = 1,
    diagnosis: Diagnosis = Diagnosis.HIGH_GRADE_GLIOMA,
    matrix: int = 64,
    slices: int = 8,
    fault: Fault | None = None,
    strength: Strength = Strength.FULL,
    t1c_delay_minutes: float = USUAL_DELAY_MINUTES,
    asl: Switch = Switch.OFF,
    contrast: Contrast = Contrast.USUAL,
) -> PhantomCase:
    """Draw an examination; equal arguments give equal arrays.

    Sessions of a patient share head, perfusion and lesion; the lesion grows or shrinks from one to
    the next.

    Raises:
        UsageError: the grid is too small or too large.
        DataError: the brain template is not installed.
    """
    grid = Grid(matrix, slices)
    streams = Streams(seed, patient, session)
    lesion = draw_lesion(streams, diagnosis)
    lesion = varied(lesion, streams) if contrast is Contrast.VARIED else lesion
    anatomy = build_anatomy(streams, lesion, grid.fine_axes_mm())
    sound = record(streams, anatomy, diagnosis, grid, t1c_delay_minutes)
    if asl is Switch.ON:
        sound = replace(sound, cbf=record_flow(streams, anatomy, diagnosis, grid))
    recording = damage_recording(sound, fault, grid, streams, strength)
    stored = acquire(recording, streams, noise_factor(fault, strength))
    stored = damage_stored(stored, recording.brain, fault, grid, streams, strength)
    kept = slice(slices_kept(fault, slices, strength))
    return PhantomCase(
        images={
            sequence: stored.images[sequence][:, :, kept]
            for sequence in Sequence
            if sequence in stored.images
        },
        cbv=stored.cbv[:, :, kept],
        brain=recording.brain[:, :, kept],
        lesion=_labels(anatomy, grid)[:, :, kept],
        spacing_mm=grid.spacing_mm,
        origin_mm=grid.origin_mm,
        diagnosis=diagnosis,
    )


def _labels(anatomy: Anatomy, grid: Grid) -> npt.NDArray[np.uint8]:
    """Label of the lesion part that fills most of a voxel, where at least half of it is lesion."""
    parts = {
        NECROSIS_LABEL: grid.voxel_means(anatomy.shares[Tissue.NECROSIS]),
        OEDEMA_LABEL: grid.voxel_means(anatomy.shares[Tissue.OEDEMA]),
        SOLID_LABEL: grid.voxel_means(anatomy.shares[Tissue.SOLID]),
    }
    stacked = np.stack([parts[label] for label in (NECROSIS_LABEL, OEDEMA_LABEL, SOLID_LABEL)])
    largest = np.argmax(stacked, axis=0).astype(np.uint8) + np.uint8(1)
    return np.where(stacked.sum(axis=0) >= 0.5, largest, np.uint8(0)).astype(np.uint8)
