"""What a reader measures in a region of a map, which was drawn on the page or is a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.client.picture import ANATOMY
from cbvsynth.domain.geometry import Grid, lies_on, to_canonical
from cbvsynth.domain.metrics import HOT_SPOT_PERCENTILE
from cbvsynth.domain.uncertainty import region_interval
from cbvsynth.domain.volume import Volume
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.page.mirror import mirrored
from cbvsynth.page.results import SD_LAYER, VIEW
from cbvsynth.page.studies import Region
from cbvsynth.study.nifti import read_volume, write_volume

LAST_REGION = "region"
"""Layer of the region that was measured last, 1, and of its mirror image, 2."""


@dataclass(frozen=True)
class Judged:
    """How the interval of a region is made and read.

    lesion_sds: as the model states it. threshold: in the map's unit.
    """

    lesion_sds: float
    threshold: float


def measure_region(folder: Path, layers: Collection[str], path: Path, name: str, judged: Judged) -> Region:
    """Measure the map of a study inside a region; what lies outside the brain is not counted.

    White matter is that of the report: by tissue class, away from the region. Beside it stands the region
    itself, mirrored into the other half of the brain, and measured CBV where there is some. Where the model
    says how sure it is, the mean has an interval, which may leave open on which side of a threshold it is.

    Args:
        folder: of the study.
        layers: what there is of its map, by name.
        path: NIfTI on the map's grid, region where not 0.
        name: how the region is called.
        judged: how an interval is made and read.

    Raises:
        VolumeError: the file is no image, or the region is empty.
        GridError: it lies on another grid than the map.
    """
    region = to_canonical(read_volume(path, "region"))
    cbv = read_volume(folder / VIEW / "cbv.nii", "map")
    grid = Grid.of(cbv)
    if not lies_on(Grid.of(region), grid):
        raise GridError(
            f"The region has {' x '.join(map(str, region.data.shape))} voxels on another grid than the map "
            f"({' x '.join(map(str, grid.shape))}). Draw it here, or resample it to the map."
        )
    mask = read_volume(folder / VIEW / "mask.nii", "mask").data > 0.5
    inside = (region.data != 0) & mask
    values = cbv.data[inside].astype(np.float64)
    if not values.size:
        raise VolumeError("The region has no voxel inside the brain. Draw it on the brain.")
    inputs = {
        sequence: read_volume(folder / VIEW / f"{sequence.value}.nii", sequence.label).data
        for sequence in ANATOMY
        if sequence.value in layers
    }
    white = normal_appearing_white_matter(inputs, mask, inside.astype(np.int64), grid.spacing_mm)
    normal = _mean(cbv.data, white)
    other_side = mirrored(inside, mask, grid)
    opposite = _mean(cbv.data, other_side)
    shown = inside.astype(np.float32) + 2.0 * other_side.astype(np.float32)
    write_volume(folder / VIEW / f"{LAST_REGION}.nii", Volume(shown, grid.affine))
    mean, hot_spot = float(values.mean()), float(np.percentile(values, HOT_SPOT_PERCENTILE))
    real, sd = (_values(folder, layer, inside) if layer in layers else None for layer in ("real", SD_LAYER))
    sure = (
        None if sd is None else region_interval(mean, float(sd.mean()), judged.lesion_sds, judged.threshold)
    )
    return Region(
        name=name,
        voxels=values.size,
        volume_ml=float(values.size * np.prod(grid.spacing_mm) / 1000.0),
        mean=mean,
        percentile_95=hot_spot,
        white_matter_mean=normal,
        ratio_mean=mean / normal if normal else None,
        ratio_95=hot_spot / normal if normal else None,
        mirrored_mean=opposite,
        ratio_mirrored=mean / opposite if opposite else None,
        real_mean=None if real is None else float(real.mean()),
        real_95=None if real is None else float(np.percentile(real, HOT_SPOT_PERCENTILE)),
        difference_mean=None if real is None else mean - float(real.mean()),
        interval_low=None if sure is None else sure.low,
        interval_high=None if sure is None else sure.high,
        reading="" if sure is None else sure.reading.value,
        threshold=None if sure is None else judged.threshold,
    )


def _mean(cbv: npt.NDArray[np.float32], where: npt.NDArray[np.bool_]) -> float | None:
    """Mean over (X, Y, Z) voxels; None where there is none, or nothing to divide by."""
    found = float(cbv[where].mean(dtype=np.float64)) if where.any() else 0.0
    return found if found > 0.0 else None


def _values(folder: Path, layer: str, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The voxels of a layer in a region, (N,)."""
    return read_volume(folder / VIEW / f"{layer}.nii", layer).data[inside].astype(np.float64)
