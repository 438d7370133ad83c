"""Images that show too little of the brain to make a map from: slabs, and heads without their vertex."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import Grid, covered_share_of_mask, to_canonical
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.study.aligned import MIN_BRAIN_COVERED, read_mask


def short_of_brain(
    examination: Examination,
    stored: Mapping[str, Volume],
    moves: Mapping[str, npt.NDArray[np.float64]],
    reference: str,
) -> dict[Sequence, str]:
    """The sequences whose field of view covers too little of the brain mask, each with the reason.

    Preprocess refuses such an examination: in training all sequences must be whole; a map can be made
    without. The reference is not judged, as the map lies on its grid, nor anything without a mask.

    Args:
        examination: for the labels.
        stored: its images by role and its mask, if there is one, as stored.
        moves: by role, as `align` takes them.
        reference: role of the image that the map is made on.

    Raises:
        VolumeError: the mask's values are those of no mask.
    """
    if "mask" not in stored:
        return {}

    placed = {role: volume.moved(moves.get(role)) for role, volume in stored.items()}
    mask = to_canonical(without_gaps(placed["mask"])[0])
    brain, _ = read_mask(mask, examination)
    shares = {
        sequence: covered_share_of_mask(Grid.of(placed[sequence.value]), brain, Grid.of(mask))
        for sequence in Sequence
        if sequence.value in stored and sequence.value != reference
    }
    return {
        sequence: f"covers {share:.1%} of the brain; expected at least {MIN_BRAIN_COVERED:.0%}"
        for sequence, share in shares.items()
        if share < MIN_BRAIN_COVERED
    }
