"""One examination of one patient: what the manifest says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import permutations, product
from pathlib import PurePosixPath
from types import MappingProxyType

from cbvsynth.domain.sequences import Sequence, TargetUnit

QUALITY_FLAGS = ("metal", "motion", "cbv_failed", "poor_standard")
"""Reasons for which the paper left examinations out; set by a reader, not measured."""

ENHANCING_LABEL = 3
"""Enhancing tumour in every segmentation inside this project: 1 necrosis, 2 oedema, 3, 4 cavity."""
LEGACY_ENHANCING_LABEL = 4
"""Enhancing tumour in segmentations that follow BraTS until 2022; such a set has no cavity label."""
UNSTATED_ENHANCING_LABEL = 0
"""The study does not say which of the two its segmentations follow."""

DIRECTIONS = ("LR", "PA", "IS")
"""The head's directions, by axis: to the left or right, to the back (posterior) or front, down or up."""
ORIENTATIONS = tuple("".join(one) for axes in permutations(DIRECTIONS) for one in product(*axes))
"""Every way in which voxel axes can run; RAS means to the right, to the front and to the top."""


def image_label(role: str) -> str:
    """How messages call an image of a known examination, as in ``T2-FLAIR``."""
    return Sequence(role).label if role in set(Sequence) else role.upper()


@dataclass(frozen=True)
class Examination:
    """One row of the manifest. Paths are relative to the data root, POSIX style.

    A missing sequence is absent from `inputs`. `split` is empty unless the study prescribes it.
    Age is in years, field strength in tesla. `scales` holds, by role, the factor by which stored voxels
    are multiplied where a study keeps another quantity (the trace of a diffusion tensor is 3 ADC).
    `enhancing_label` is the number that its segmentation gives to enhancing tumour, 0 where the study does
    not say: BraTS wrote 4 until 2022 and writes 3 since, when 4 became the resection cavity. `orientation`
    states which way the axes of its files run that do not say so themselves, as in RAS; empty where nobody
    states it.
    """

    exam_id: str
    subject_id: str
    session_id: str
    inputs: Mapping[Sequence, PurePosixPath]
    cbv: PurePosixPath | None = None
    mask: PurePosixPath | None = None
    seg: PurePosixPath | None = None
    target_unit: TargetUnit = TargetUnit.ML_PER_100G
    age: float | None = None
    sex: str = ""
    diagnosis: str = ""
    grade: str = ""
    scanner: str = ""
    site: str = ""
    field_t: float | None = None
    flags: frozenset[str] = frozenset()
    split: str = ""
    sha256: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    scales: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    enhancing_label: int = UNSTATED_ENHANCING_LABEL
    orientation: str = ""

    def label(self, role: str) -> str:
        """How messages call one image: ``sub-012/ses-1: ADC``; `role` is t1 ... asl, cbv, mask or seg."""
        place = f"{self.subject_id}/{self.session_id}" if self.session_id else self.subject_id
        return f"{place}: {image_label(role)}"

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """Sequences that exist, in channel order."""
        return tuple(sequence for sequence in Sequence if sequence in self.inputs)

    @property
    def files(self) -> Mapping[str, PurePosixPath]:
        """Every file of the examination by its role: t1 ... asl, cbv, mask, seg."""
        roles: dict[str, PurePosixPath | None] = {
            **{sequence.value: self.inputs.get(sequence) for sequence in Sequence},
            "cbv": self.cbv,
            "mask": self.mask,
            "seg": self.seg,
        }
        return {role: path for role, path in roles.items() if path is not None}
