"""Structural similarity (SSIM) of two volumes, in the conventions that the result tables name.

    SSIM = (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2))
    C1 = (K1 R)^2, C2 = (K2 R)^2, K1 = 0.01, K2 = 0.03, R = data_range

with means m, sample variances s^2 and sample covariance s_xy (divisor n - 1) in a uniform window: 7x7x7
voxels, or 7x7 voxels of one axial slice (the last axis). Only windows that lie wholly inside the volume
count, as in scikit-image's mean, which crops (7 - 1) // 2 = 3 voxels at every border.

The value depends on R, which is therefore always given: it is the CBV scale (25 mL/100 g by default),
not the range that a map happens to have.

How it is computed: the two variances enter as a sum only, so four window sums suffice (x, y, x^2 + y^2,
xy). Each is separable: seven neighbours are added in four vector additions along one axis after another,
tile by tile so that the work stays in the processor's cache, in float64, on values shifted by their
common mean so that a large offset does not cancel the variances away. The 2-D sums are a by-product of
the 3-D sums, which is why all four scores come from one pass.

Source: Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. IEEE Trans Image Process 2004;13:600-612.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import GridError, UnitError, VolumeError

WINDOW = 7
"""Width of the window, voxels."""
K1 = 0.01
K2 = 0.03

_HALO = WINDOW - 1
_RADIUS = _HALO // 2
_TILE_VOXELS = 150_000
"""Voxels of a tile with its halo; eight float64 buffers of this size are held. Chosen by measurement."""

FloatArray = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class SsimWindow(StrEnum):
    """Neighbourhood that a value of the SSIM map is computed from."""

    CUBE = "3d"
    SLICE = "2d"

    @property
    def voxels(self) -> int:
        """Number of voxels in the window."""
        return WINDOW**3 if self is SsimWindow.CUBE else WINDOW**2


@dataclass(frozen=True)
class SsimScores:
    """Mean SSIM in the four conventions of `cbvsynth.domain.scores.SSIM_CONVENTIONS`; 1 is perfect."""

    cube_whole: float
    cube_brain: float
    slice_whole: float
    slice_brain: float


def ssim_map(
    real: FloatArray, synthetic: FloatArray, *, data_range: float, window: SsimWindow = SsimWindow.CUBE
) -> Float64Array:
    """SSIM around every voxel whose window lies inside the volume.

    Args:
        real: (X, Y, Z), finite.
        synthetic: (X, Y, Z), finite, same unit.
        data_range: dynamic range R, in the unit of the volumes.
        window: the cube, or the square in each axial slice.

    Returns:
        (X - 6, Y - 6, Z - 6) float64 for the cube, (X - 6, Y - 6, Z) for the slice; element 0, 0, 0 is
        centred on voxel 3, 3, 3 (cube) or 3, 3, 0 (slice).

    Raises:
        GridError: the shapes differ.
        VolumeError: not 3-D, smaller than the window, or not finite.
        UnitError: data_range is not a positive, finite number.
    """
    return _ssim_maps(real, synthetic, data_range, (window,))[window]


def mean_ssim(
    real: FloatArray,
    synthetic: FloatArray,
    *,
    data_range: float,
    window: SsimWindow = SsimWindow.CUBE,
    mask: BoolArray | None = None,
) -> float:
    """Mean of `ssim_map`, over the whole valid interior or over the part of it that is in the mask.

    Args:
        real: (X, Y, Z), finite.
        synthetic: (X, Y, Z), finite, same unit.
        data_range: dynamic range R, in the unit of the volumes.
        window: the cube, or the square in each axial slice.
        mask: (X, Y, Z) bool; the windows may reach out of it, only their centres are inside.

    Raises:
        GridError: the shapes differ.
        VolumeError: as `ssim_map`, or no voxel of the mask has a whole window.
        UnitError: data_range is not a positive, finite number.
    """
    values = ssim_map(real, synthetic, data_range=data_range, window=window)
    if mask is None:
        return float(values.mean())
    return _masked_mean(values, mask, real.shape, window)


def score_ssim(real: FloatArray, synthetic: FloatArray, mask: BoolArray, *, data_range: float) -> SsimScores:
    """All four conventions from one pass over the volumes.

    Args:
        real: (X, Y, Z), finite.
        synthetic: (X, Y, Z), finite, same unit.
        mask: (X, Y, Z) bool, brain.
        data_range: dynamic range R, in the unit of the volumes.

    Raises:
        GridError: the shapes differ.
        VolumeError: as `ssim_map`, or no voxel of the mask has a whole window.
        UnitError: data_range is not a positive, finite number.
    """
    maps = _ssim_maps(real, synthetic, data_range, (SsimWindow.CUBE, SsimWindow.SLICE))
    cube, flat = maps[SsimWindow.CUBE], maps[SsimWindow.SLICE]
    return SsimScores(
        cube_whole=float(cube.mean()),
        cube_brain=_masked_mean(cube, mask, real.shape, SsimWindow.CUBE),
        slice_whole=float(flat.mean()),
        slice_brain=_masked_mean(flat, mask, real.shape, SsimWindow.SLICE),
    )


def valid_interior(window: SsimWindow) -> tuple[slice, slice, slice]:
    """Slices that cut a volume down to the voxels that have a whole window."""
    inner = slice(_RADIUS, -_RADIUS)
    return (inner, inner, inner if window is SsimWindow.CUBE else slice(None))


def _masked_mean(values: Float64Array, mask: BoolArray, shape: tuple[int, ...], window: SsimWindow) -> float:
    if mask.shape != shape:
        raise GridError(
            f"The mask has shape {mask.shape}, the volumes have {shape}; all must share one grid. "
            "Run preprocess first."
        )
    inside = np.asarray(mask[valid_interior(window)], dtype=np.bool_)
    count = int(np.count_nonzero(inside))
    if count == 0:
        raise VolumeError(
            f"The mask has {int(np.count_nonzero(mask))} voxels, none of them {_RADIUS} or more from the "
            f"border of the volume {shape}; expected at least one. Check the brain mask."
        )
    return float(np.sum(values, where=inside) / count)


def _ssim_maps(
    real: FloatArray, synthetic: FloatArray, data_range: float, windows: tuple[SsimWindow, ...]
) -> dict[SsimWindow, Float64Array]:
    _check(real, synthetic, data_range, windows)
    formula = _Formula(data_range, _common_mean(real, synthetic))
    size_x, size_y, size_z = real.shape
    maps = {
        window: np.empty(
            (size_x - _HALO, size_y - _HALO, size_z - (_HALO if window is SsimWindow.CUBE else 0))
        )
        for window in windows
    }
    side = max(2 * _HALO, math.isqrt(_TILE_VOXELS // size_z) - _HALO)
    tiles = [(x, y) for x in _tiles(size_x, side) for y in _tiles(size_y, side)]
    largest = max((x.stop - x.start) * (y.stop - y.start) for x, y in tiles)
    buffers = np.empty((8, largest * size_z))
    for x, y in tiles:
        place = (slice(x.start, x.stop - _HALO), slice(y.start, y.stop - _HALO))
        tile = (x.stop - x.start, y.stop - y.start, size_z)
        sums = _slice_sums(real[x, y], synthetic[x, y], formula.shift, buffers)
        if SsimWindow.SLICE in maps:  # first, because the sums of the cube overwrite those of the slice
            values = formula.evaluate(sums, SsimWindow.SLICE, tuple(buffers[4:]))
            maps[SsimWindow.SLICE][place] = _valid(values, tile, depth=size_z)
        if SsimWindow.CUBE in maps:
            sums = _cube_sums(sums, buffers)
            scratch = (buffers[3], buffers[4], buffers[6], buffers[7])
            values = formula.evaluate(sums, SsimWindow.CUBE, scratch)
            maps[SsimWindow.CUBE][place] = _valid(values, tile, depth=size_z - _HALO)
    return maps


@dataclass(frozen=True)
class _Formula:
    """SSIM's constants, and the common mean that was subtracted from both volumes."""

    data_range: float
    shift: float

    def evaluate(
        self, sums: Sequence[Float64Array], window: SsimWindow, scratch: Sequence[Float64Array]
    ) -> Float64Array:
        """SSIM from the window sums of x, y, x^2 + y^2 and xy; the answer lies in the last scratch."""
        sum_x, sum_y, sum_squares, sum_product = sums
        n = window.voxels
        c1, c2 = (K1 * self.data_range) ** 2, (K2 * self.data_range) ** 2
        product, squares, means, numerator = (buffer[: sum_x.size] for buffer in scratch)

        np.multiply(sum_x, sum_y, out=product)
        np.multiply(sum_x, sum_x, out=squares)
        np.multiply(sum_y, sum_y, out=means)
        squares += means
        # The shift returns here: 2 c (m_x + m_y) + 2 c^2 is common to numerator and denominator.
        np.add(sum_x, sum_y, out=means)
        means *= 2 * self.shift / n
        means += 2 * self.shift**2 + c1

        np.multiply(product, -1 / n, out=numerator)
        numerator += sum_product
        numerator *= 2 / (n - 1)
        numerator += c2
        product *= 2 / n**2
        product += means
        numerator *= product

        denominator = np.multiply(squares, -1 / n, out=product)
        denominator += sum_squares
        denominator *= 1 / (n - 1)
        denominator += c2
        squares *= 1 / n**2
        squares += means
        denominator *= squares
        numerator /= denominator
        return numerator


def _slice_sums(
    real: FloatArray, synthetic: FloatArray, shift: float, buffers: Float64Array
) -> list[Float64Array]:
    """Sums of x, y, x^2 + y^2 and xy over 7x7 neighbours, flat, in the first four buffers.

    The tile is one long line in memory, so that every addition runs over one contiguous stretch.
    Windows that would reach over the end of a row or column hold a meaningless sum; `_valid` leaves
    them out.
    """
    size_y, size_z = real.shape[1:]
    x, y, squares, product = (buffer[: real.size] for buffer in buffers[:4])
    np.subtract(real, shift, out=x.reshape(real.shape))
    np.subtract(synthetic, shift, out=y.reshape(real.shape))
    np.multiply(x, x, out=squares)
    np.multiply(y, y, out=product)
    squares += product
    np.multiply(x, y, out=product)
    sums = []
    for values, buffer in zip((x, y, squares, product), buffers[:4], strict=True):
        columns = _add_seven(values, size_y * size_z, pairs=buffers[4], out=buffers[5])
        sums.append(_add_seven(columns, size_z, pairs=buffers[4], out=buffer))
    return sums


def _cube_sums(sums: Sequence[Float64Array], buffers: Float64Array) -> list[Float64Array]:
    """Sums over 7x7x7 neighbours from those over 7x7, in buffers 5, 0, 1 and 2."""
    places = (buffers[5], buffers[0], buffers[1], buffers[2])
    return [
        _add_seven(values, 1, pairs=buffers[4], out=place) for values, place in zip(sums, places, strict=True)
    ]


def _add_seven(values: Float64Array, stride: int, *, pairs: Float64Array, out: Float64Array) -> Float64Array:
    """values[i] + values[i + stride] + ... + values[i + 6 stride], in four additions instead of six."""
    size = values.size - _HALO * stride
    twos = np.add(values[:-stride], values[stride:], out=pairs[: values.size - stride])
    sevens = np.add(twos[:size], twos[2 * stride : 2 * stride + size], out=out[:size])
    sevens += twos[4 * stride : 4 * stride + size]
    sevens += values[6 * stride :]
    return sevens


def _valid(values: Float64Array, tile: tuple[int, int, int], *, depth: int) -> Float64Array:
    """The tile's values as an array, without the windows that reached over the end of a row or column.

    `values` is a line that ends where the last whole window ends, a little short of a full box; so it
    is viewed by strides instead of being reshaped.
    """
    size_x, size_y, size_z = tile
    shape = (size_x - _HALO, size_y - _HALO, depth)
    strides = tuple(values.itemsize * step for step in (size_y * size_z, size_z, 1))
    return np.lib.stride_tricks.as_strided(values, shape, strides, writeable=False)


def _tiles(size: int, side: int) -> Iterator[slice]:
    """Overlapping stretches of an axis whose valid parts are about `side` long and tile it."""
    valid = size - _HALO
    count = max(1, round(valid / side))
    edges = [valid * index // count for index in range(count + 1)]
    for start, stop in itertools.pairwise(edges):
        yield slice(start, stop + _HALO)


def _common_mean(real: FloatArray, synthetic: FloatArray) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        means = [float(volume.mean(dtype=np.float64)) for volume in (real, synthetic)]
    for name, volume, mean in zip(("real", "synthetic"), (real, synthetic), means, strict=True):
        if not math.isfinite(mean):
            raise VolumeError(
                f"The {name} volume has {int(np.count_nonzero(~np.isfinite(volume)))} voxels that are NaN "
                "or infinite; SSIM needs finite voxels. Check the map, or the run that made it."
            )
    return sum(means) / 2


def _check(
    real: FloatArray, synthetic: FloatArray, data_range: float, windows: tuple[SsimWindow, ...]
) -> None:
    if real.shape != synthetic.shape:
        raise GridError(
            f"The real volume has shape {real.shape}, the synthetic one {synthetic.shape}; both must "
            "share one grid. Resample the synthetic volume to the real one's grid."
        )
    smallest = (WINDOW, WINDOW, WINDOW if SsimWindow.CUBE in windows else 1)
    if real.ndim != 3 or any(size < least for size, least in zip(real.shape, smallest, strict=True)):
        raise VolumeError(
            f"The volumes have shape {real.shape}; expected three axes of at least {smallest} voxels for "
            "SSIM's window. Thinner stacks can be scored with the 2-D window only."
        )
    if not (math.isfinite(data_range) and data_range > 0):
        raise UnitError(
            f"SSIM's data_range is {data_range}; expected a positive number in the unit of the volumes. "
            "Give the CBV scale, 25 mL/100 g by default (cbv_max)."
        )
