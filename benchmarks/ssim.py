"""SSIM of this project beside scikit-image's, on the same volumes, in one run.

    python benchmarks/ssim.py [--rounds 15]

Prints the median CPU time of each and the ratio (scikit-image over ours), and stops when the values differ
by more than 1e-9. One thread each. scikit-image is given float64, in which it agrees with us to the last
digits, and float32, in which it is faster and less exact; ours always computes in float64, whatever it
is given. "four scores" is what a held-out examination costs: both windows, whole volume and brain; beside
it stands what scikit-image needs for the two whole-volume scores.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy
import skimage
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from cbvsynth.domain.ssim import SsimWindow, mean_ssim, score_ssim

SHAPES = ((240, 240, 20), (64, 64, 8))
DATA_RANGE = 25.0
TOLERANCE = 1e-9

Volume = npt.NDArray[np.float32]


def volumes(shape: tuple[int, int, int], seed: int = 0) -> tuple[Volume, Volume, npt.NDArray[np.bool_]]:
    """A smooth CBV-like map in mL/100 g, a noisy copy of it, and an elliptic mask."""
    rng = np.random.default_rng(seed)
    grid = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape[:2]), indexing="ij")
    mask = np.repeat((grid[0] ** 2 + grid[1] ** 2 < 0.7)[..., None], shape[2], axis=2)
    field = gaussian_filter(rng.normal(size=shape), (3, 3, 1))
    real = np.where(mask, np.clip(3 + 8 * field / field.std() / 4, 0, None), 0).astype(np.float32)
    synthetic = np.where(mask, np.clip(real + rng.normal(0, 0.6, shape), 0, None), 0).astype(np.float32)
    return real, synthetic, mask


def per_slice(real: npt.NDArray[np.floating], synthetic: npt.NDArray[np.floating]) -> float:
    """The 2-D convention by scikit-image: the mean over the axial slices."""
    return statistics.fmean(
        float(structural_similarity(real[..., z], synthetic[..., z], data_range=DATA_RANGE, win_size=7))
        for z in range(real.shape[2])
    )


def interleaved_medians(functions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU milliseconds of each function; they take turns, so that a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.process_time()
            function()
            times[name].append(1e3 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def compare(shape: tuple[int, int, int], rounds: int) -> bool:
    """Print one shape's rows; answer whether the values agree."""
    real, synthetic, mask = volumes(shape)
    real64, synthetic64 = real.astype(np.float64), synthetic.astype(np.float64)
    cube = float(structural_similarity(real64, synthetic64, data_range=DATA_RANGE, win_size=7))
    flat = per_slice(real64, synthetic64)
    ours = score_ssim(real, synthetic, mask, data_range=DATA_RANGE)
    differences = (abs(ours.cube_whole - cube), abs(ours.slice_whole - flat))

    def scikit_image(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> object:
        return structural_similarity(first, second, data_range=DATA_RANGE, win_size=7)

    medians = interleaved_medians(
        {
            "3-D, scikit-image float64": lambda: scikit_image(real64, synthetic64),
            "3-D, scikit-image float32": lambda: scikit_image(real, synthetic),
            "3-D, ours": lambda: mean_ssim(real, synthetic, data_range=DATA_RANGE),
            "2-D, scikit-image float64": lambda: per_slice(real64, synthetic64),
            "2-D, scikit-image float32": lambda: per_slice(real, synthetic),
            "2-D, ours": lambda: mean_ssim(real, synthetic, data_range=DATA_RANGE, window=SsimWindow.SLICE),
            "both, scikit-image float64": lambda: (
                scikit_image(real64, synthetic64),
                per_slice(real64, synthetic64),
            ),
            "both, four scores, ours": lambda: score_ssim(real, synthetic, mask, data_range=DATA_RANGE),
        },
        rounds,
    )
    print(f"\n{' x '.join(map(str, shape))}; largest difference {max(differences):.1e}")
    ours_ms = {name.partition(",")[0]: median for name, median in medians.items() if "ours" in name}
    for name, median in medians.items():
        print(f"  {name:<28}{median:9.2f} ms {median / ours_ms[name.partition(',')[0]]:6.2f} x")
    return max(differences) <= TOLERANCE


def main() -> int:
    """Run the comparison at both shapes; the exit code is 1 when the values differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds per function")
    rounds = parser.parse_args().rounds
    print(
        f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-image {skimage.__version__}, "
        f"{platform.machine()}; median CPU time of {rounds} rounds; ratio to ours"
    )
    agree = [compare(shape, rounds) for shape in SHAPES]
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
