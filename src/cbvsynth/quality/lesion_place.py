"""Whether a segmentation lies on the lesion that the images show; no header tells when it was moved."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.registration import RigidTransform
from cbvsynth.registration.outline import shift_of_outline_mm
from cbvsynth.study.aligned import AlignedExamination

SHOW_LESIONS = (Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR)
"""Sequences in which the outline of a lesion is sought."""
BESIDE_MM = 8.0
"""A lesion whose outline fits the images better so far away, or farther, is told. Chosen here: of phantoms
those in place are 0 to 6 mm off, several small metastases the most; those that were moved by 12 to 40 mm are
found 11 mm off or more."""


def lesion_warnings(examination: Examination, aligned: AlignedExamination) -> tuple[str, ...]:
    """A sentence where the segmentation's outline fits the images of the brain clearly better elsewhere."""
    images = [
        Volume(np.where(aligned.mask, aligned.inputs[name], np.float32(0.0)), aligned.affine)
        for name in SHOW_LESIONS
        if name in aligned.inputs
    ]
    if aligned.seg is None or not images:
        return ()
    lesion = Volume((aligned.seg > 0).astype(np.float32), aligned.affine)
    off_mm = shift_of_outline_mm(lesion, RigidTransform.identity(), images)
    if off_mm < BESIDE_MM:
        return ()
    told = (
        f"{examination.label('seg')} seems to lie beside the lesion: {off_mm:.0f} mm away it would fit the "
        f"images better (expected less than {BESIDE_MM:g} mm). Look at its outline"
    )
    return (told,)
