"""Measured CBV beside the map: brought to its grid where it lies on another, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import Grid, canonical_grid, covered_share_of_mask, lies_on, to_canonical
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError, VolumeError
from cbvsynth.page.wording import for_a_visitor
from cbvsynth.registration.displacement import displacement_mm, points_of
from cbvsynth.registration.rigid import ALIGNED_MM, register
from cbvsynth.registration.target import Target
from cbvsynth.study.nifti import open_image, read_volume

LEAST_COVERED = 0.9
"""Share of the brain that measured CBV must cover, to be compared. Our choice."""
_LABEL = "measured CBV"

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """Measured CBV of an examination.

    scale: factor from stored voxels to CBV. unit: None where nothing tells it, which is taken for mL/100 g.
    """

    path: Path
    scale: float = 1.0
    unit: TargetUnit | None = None


def compare(
    real: Measured | None, made: Prediction, reference: Path | None
) -> tuple[Mapping[str, object], dict[str, FloatArray]]:
    """What measured CBV says of a map, and both as layers to look at; else why it cannot be compared.

    Args:
        real: measured CBV, where there is any.
        made: the map.
        reference: image whose grid the map has; measured CBV of another grid is registered to it.
    """
    if real is None:
        return {}, {}
    prepared = made.prepared
    assert prepared.placement is not None, "files have a place"
    if problem := _unit_problem(real.unit, made.record.served.target_unit):
        return {"problem": problem}, {}
    grid = canonical_grid(prepared.placement.grid)
    try:
        with open_image(real.path, _LABEL) as image:
            volume = without_gaps(to_canonical(image.volume(real.scale)))[0]
        placed, how = _placed(volume, grid, reference)
    except VolumeError as error:
        return {"problem": for_a_visitor(str(error))}, {}
    except RegistrationError as error:
        return {
            "problem": for_a_visitor(f"{_LABEL} lies on another grid, and could not be registered: {error}")
        }, {}
    share = covered_share_of_mask(Grid.of(placed), prepared.mask, grid)
    if share < LEAST_COVERED:
        return {
            "problem": f"{_LABEL} covers {share:.0%} of the brain; it is compared from {LEAST_COVERED:.0%} on"
        }, {}
    measured: FloatArray = np.where(prepared.mask, resample(placed, grid).data, np.float32(0.0))
    scores = score_ssim(measured, made.canonical, prepared.mask, data_range=made.cbv_max)
    difference = made.canonical - measured
    return (
        {
            "ssim": {name: float(value) for name, value in asdict(scores).items()},
            "mae": float(np.abs(difference[prepared.mask]).mean(dtype=np.float64)),
            "bias": float(difference[prepared.mask].mean(dtype=np.float64)),
            "how": how,
        },
        {"real": measured, "difference": difference},
    )


def _unit_problem(measured: TargetUnit | None, synthetic: TargetUnit) -> str:
    """Why two maps are in no common unit, as a sentence's text; empty where they are."""
    if synthetic is not TargetUnit.ML_PER_100G:
        return f"the model's unit is relative, and that of {_LABEL} is not known"
    if measured is TargetUnit.RELATIVE:
        return (
            f"{_LABEL} is relative by its name or its study, and the map is in mL/100 g; where it is in that "
            "unit, too, give a JSON file beside it that states so as Units"
        )
    return ""


def _placed(volume: Volume, grid: Grid, reference: Path | None) -> tuple[Volume, str]:
    """A volume where it lies in truth, and what was done for that, in words."""
    if lies_on(Grid.of(volume), grid):
        return volume, "as it is, on the map's own grid"
    if reference is None:
        return volume, "interpolated onto the map's grid, as its header says"
    image = without_gaps(to_canonical(read_volume(reference, "image")))[0]
    transform = register(volume, Target(image))
    away = displacement_mm(transform, points_of(image.data > image.data.mean(), image.affine))
    if away <= ALIGNED_MM:
        return volume, "interpolated onto the map's grid; it lay in its place"
    placed = volume.moved(np.linalg.inv(transform.matrix))
    return placed, f"moved by {away:.1f} mm (registered) and interpolated onto the map's grid"
