"""What it takes to bring one tilted examination onto its reference's grid.

    python benchmarks/resampling.py [--rounds 3]

Five images, the brain mask and a lesion, each tilted by some degrees against T1C, are resampled onto it: once
with every image on thick slices of 256 x 224 x 26, once with T1 at 1 mm. Prints CPU seconds, beside those of
SciPy's affine_transform over the same points (every voxel of the grid, as a plain program would).
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample, resample_labels
from cbvsynth.domain.volume import Volume

THICK, THICK_MM = (256, 224, 26), (0.9, 0.9, 5.0)
FINE, FINE_MM = (256, 256, 180), (1.0, 1.0, 1.0)
MOST_DIFFERENCE = 1e-3
"""Of values up to about 100: float32's rounding, added up over the points of a voxel."""

Float64Array = npt.NDArray[np.float64]


def affine_of(
    shape: tuple[int, int, int], spacing_mm: tuple[float, ...], degrees: Float64Array
) -> Float64Array:
    """(4, 4) of a volume that is turned about its middle."""
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ np.diag(spacing_mm)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1.0) / 2.0)
    return affine


def examination(*, fine_t1: bool) -> tuple[list[Volume], Volume]:
    """Images with the mask after them, and the lesion; made up."""
    rng = np.random.default_rng(0)
    volumes = []
    for number in range(6):
        shape, spacing_mm = (FINE, FINE_MM) if fine_t1 and number == 0 else (THICK, THICK_MM)
        values = ndimage.gaussian_filter(rng.normal(0, 100, shape).astype(np.float32), 1.0)
        axes = np.ogrid[tuple(slice(-1, 1, complex(0, size)) for size in shape)]
        brain = axes[0] ** 2 + axes[1] ** 2 + axes[2] ** 2 < 0.6
        if number >= 3:  # T1, T2 and FLAIR keep their skull; ADC and CBV are masked, and the mask is one
            values *= brain
        affine = affine_of(shape, spacing_mm, rng.uniform(-8, 8, 3))
        volumes.append(Volume(values if number < 5 else brain.astype(np.float32), affine))
    lesion = np.zeros(THICK, dtype=np.float32)
    lesion[120:150, 100:130, 10:16], lesion[128:142, 108:122, 11:15] = 1, 3
    return volumes, Volume(lesion, affine_of(THICK, THICK_MM, rng.uniform(-8, 8, 3)))


def by_scipy(volume: Volume, grid: Grid) -> npt.NDArray[np.float32]:
    """The same means over the same points, of the whole grid."""
    index_map = np.linalg.inv(volume.affine) @ grid.affine
    steps = np.linalg.norm(index_map[:3, :3], axis=0)
    counts = [int(np.ceil(step - 0.05)) if step > 1.05 else 1 for step in steps]
    total = np.zeros(grid.shape)
    for point in product(*map(range, counts)):
        shift = (np.array(point) + 0.5) / counts - 0.5
        start = index_map[:3, :3] @ shift + index_map[:3, 3]
        total += ndimage.affine_transform(
            volume.data, index_map[:3, :3], start, grid.shape, output=np.float32, order=1, mode="nearest"
        )
    return (total / np.prod(counts)).astype(np.float32)


def compare(name: str, *, fine_t1: bool, rounds: int) -> bool:
    """Print one examination's row; answer whether both agree."""
    volumes, lesion = examination(fine_t1=fine_t1)
    grid = Grid(THICK, affine_of(THICK, THICK_MM, np.zeros(3)))
    labels = [Volume(np.isin(lesion.data, one).astype(np.float32), lesion.affine) for one in ((1, 3), 1, 3)]
    ours_s, scipy_s, difference = np.inf, np.inf, 0.0
    for _ in range(rounds):
        start = time.process_time()
        ours = [resample(volume, grid).data for volume in volumes]
        resample_labels(lesion, grid)
        ours_s = min(ours_s, time.process_time() - start)
        start = time.process_time()
        theirs = [by_scipy(volume, grid) for volume in [*volumes, *labels]][: len(volumes)]
        scipy_s = min(scipy_s, time.process_time() - start)
        difference = max(
            float(np.abs(one - other)[one != 0].max()) for one, other in zip(ours, theirs, strict=True)
        )
    print(
        f"{name:<24}{ours_s:6.2f} s   SciPy {scipy_s:6.2f} s   {scipy_s / ours_s:4.1f} x   {difference:.1e}"
    )
    return difference <= MOST_DIFFERENCE


def main() -> int:
    """Run both examinations; the exit code is 1 when the values differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds; the best counts")
    rounds = parser.parse_args().rounds
    print("CPU seconds of an examination, ratio, largest difference")
    agree = [
        compare("thick slices", fine_t1=False, rounds=rounds),
        compare("T1 at 1 mm", fine_t1=True, rounds=rounds),
    ]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
