"""What a reader measures in a region of a map, which was drawn on the page or is a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cbvsynth.client.picture import ANATOMY
from cbvsynth.domain.geometry import Grid, lies_on, to_canonical
from cbvsynth.domain.metrics import HOT_SPOT_PERCENTILE
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.page.results import VIEW
from cbvsynth.page.studies import Region
from cbvsynth.study.nifti import read_volume


def measure_region(folder: Path, path: Path, name: str) -> Region:
    """Measure the map of a study inside a region; what lies outside the brain is not counted.

    White matter is that of the report: by tissue class, away from the region.

    Args:
        folder: of the study.
        path: NIfTI on the map's grid, region where not 0.
        name: how the region is called.

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
        if (folder / VIEW / f"{sequence.value}.nii").exists()
    }
    white = normal_appearing_white_matter(inputs, mask, inside.astype(np.int64), grid.spacing_mm)
    normal = float(cbv.data[white].mean(dtype=np.float64)) if white.any() else 0.0
    mean, hot_spot = float(values.mean()), float(np.percentile(values, HOT_SPOT_PERCENTILE))
    known = normal > 0.0
    return Region(
        name=name,
        voxels=values.size,
        volume_ml=float(values.size * np.prod(grid.spacing_mm) / 1000.0),
        mean=mean,
        percentile_95=hot_spot,
        white_matter_mean=normal if known else None,
        ratio_mean=mean / normal if known else None,
        ratio_95=hot_spot / normal if known else None,
    )
