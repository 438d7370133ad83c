"""Which brain mask an examination gets: its own file, the support of stripped images, or an extracted one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import MAX_BRAIN_ML
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.mask_shape import doubts_about, measure_mask
from cbvsynth.domain.options import BrainMask
from cbvsynth.domain.pieces import filled
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.extraction.extract import BrainSettings, can_extract, extract_brain
from cbvsynth.study.aligned import MIN_STRIPPED_ZERO_SHARE, read_mask

EXTRACTED_FROM = (Sequence.T1, Sequence.T1C, Sequence.FLAIR, Sequence.T2)
"""The image that a brain is sought in: the first of these that there is."""
MIN_FIELD_MM = 140.0
"""Least field of view in plane in which a mask is held to a whole brain's shape. As in limits.yaml."""

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChosenBrain:
    """Images and moves as `study.aligned.align` takes them, with the mask that was chosen.

    source: what to record as the mask's source; empty where `align` says it itself.
    warnings: what about a given mask is not as of a brain.
    """

    stored: Mapping[str, Volume]
    moves: Mapping[str, Float64Array] = field(default_factory=dict)
    source: str = ""
    warnings: tuple[str, ...] = ()


def choose_brain(
    examination: Examination,
    stored: Mapping[str, Volume],
    moves: Mapping[str, Float64Array],
    settings: BrainSettings,
) -> ChosenBrain:
    """Take, leave or make the mask of an examination; an extracted one moves with the image it was found in.

    Args:
        examination: row of the manifest, for the labels.
        stored: its images by role, as `read_image` gives them, and its mask, if it has one.
        moves: by role, what registration found, as `align` takes it.
        settings: which mask counts; ``auto`` takes the given one, else what stripped images show, else it
            extracts where it can. And how to extract.

    Raises:
        VolumeError: the mask that was asked for is not there, or it is larger than a brain.
        ExtractionError, UsageError, ModuleNotFoundError: as `extract_brain`.
    """
    mode = settings.mode
    if mode is BrainMask.GIVEN and "mask" not in stored:
        raise VolumeError(
            f"{examination.exam_id}: there is no mask's file, and brain_mask is 'given'. Add a mask, or say "
            "'auto'."
        )
    if settings.uses_given and "mask" in stored:
        return ChosenBrain(stored, moves, warnings=_doubts_about_given(examination, stored["mask"]))
    bare = {role: volume for role, volume in stored.items() if role != "mask"}
    if mode is BrainMask.DERIVED or (
        mode is BrainMask.AUTO and (is_stripped(bare) or not can_extract(settings))
    ):
        return ChosenBrain(bare, moves)
    role = next((name.value for name in EXTRACTED_FROM if name.value in bare), "")
    if not role:
        found = ", ".join(image.upper() for image in bare)
        raise VolumeError(
            f"{examination.exam_id}: a brain is found in {', '.join(name.label for name in EXTRACTED_FROM)}; "
            f"there is only {found}. Give a mask."
        )
    image = without_gaps(bare[role])[0]
    mask, source = extract_brain(image, settings, examination.label(role))
    extracted = Volume(mask.astype(np.float32), image.affine)
    moved = {place: move for place, move in moves.items() if place != "mask"}
    if role in moves:
        moved["mask"] = moves[role]
    return ChosenBrain({**bare, "mask": extracted}, moved, source)


def without_ignored_mask(examination: Examination, settings: BrainSettings) -> Examination:
    """The examination as it is read: without its mask's file where that does not count."""
    return examination if settings.uses_given else replace(examination, mask=None)


def is_stripped(stored: Mapping[str, Volume]) -> bool:
    """Whether an image by role is 0, or no number, outside of something that is not larger than a brain."""
    images = (without_gaps(stored[name.value])[0] for name in Sequence if name.value in stored)
    return any(
        MIN_STRIPPED_ZERO_SHARE <= float(np.mean(image.data == 0.0)) < 1.0
        and _filled_ml(image) <= MAX_BRAIN_ML
        for image in images
    )


def _doubts_about_given(examination: Examination, stored: Volume) -> tuple[str, ...]:
    """What is odd about a mask that shows a whole head's width; one larger than a brain is refused."""
    volume = to_canonical(without_gaps(stored)[0])
    mask, _ = read_mask(volume, examination)
    field_mm = np.array(volume.shape) * volume.spacing_mm
    if not mask.any() or min(field_mm[:2]) < MIN_FIELD_MM:
        return ()
    shape = measure_mask(mask, volume.affine)
    label = examination.label("mask")
    if shape.volume_ml > MAX_BRAIN_ML:
        raise VolumeError(
            f"{label}: it holds {shape.volume_ml:.0f} mL; a brain has at most {MAX_BRAIN_ML:.0f}. Is the "
            "skull still in it? Make the mask again, or let it be found with --brain_mask extracted."
        )
    doubts = doubts_about(shape)
    return (f"{label} has not the shape of a whole brain: {'; '.join(doubts)}",) if doubts else ()


def _filled_ml(volume: Volume) -> float:
    return int(filled(volume.data != 0.0).sum()) * math.prod(volume.spacing_mm) / 1000.0
