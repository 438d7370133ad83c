"""Structural similarity (SSIM) of two volumes, in the conventions that the result tables name.

    SSIM = (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2))
    C1 = (K1 R)^2, C2 = (K2 R)^2, K1 = 0.01, K2 = 0.03, R = data_range

with means m, sample variances s^2 and sample covariance s_xy (divisor n - 1) in a uniform window: 7x7x7
voxels, or 7x7 voxels of one axial slice (the last axis). Only windows that lie wholly inside the volume
count, as in scikit-image's mean, which crops (7 - 1) // 2 = 3 voxels at every border.

The value depends on R, which is therefore always given: it is the CBV scale (25 mL/100 g by default),
not the range that a map happens to have.

How it is computed: with u = x + y and v = x - y, both fractions need the windows' sums of u, v, u^2 and v^2
only. They are summed along one axis after another, in float64: in plane, seven neighbours in four vector
additions; across planes, which are taken in sevens, as the sum from a plane to the end of its seven plus the
sum from the beginning of the next seven. So every voxel is read once, nothing is subtracted that was added,
and the work stays in the processor's cache. The 2-D sums are a by-product of the 3-D sums, which is why all
four scores come from one pass. A mean that is large against R is taken off first, so that it does not cancel
the variances away.

Source: Wang Z, Bovik AC, Sheikh HR, Simoncelli EP. IEEE Trans Image Process 2004;13:600-612.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
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
_ROOM_VOXELS = 50_000
"""Voxels that are worked on at a time, in fourteen float64 buffers. Chosen by measurement."""

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
    _check(real, synthetic, data_range, (window,))
    size_x, size_y, size_z = real.shape
    depth = size_z - (_HALO if window is SsimWindow.CUBE else 0)
    answer = np.empty((size_x - _HALO, size_y - _HALO, depth))
    for _, place, values in _windows(real, synthetic, data_range, (window,)):
        answer[place] = values[..., :depth]
    return answer


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
    if mask is None:
        return _means(real, synthetic, data_range, {window: None})[window][0]
    return _means(real, synthetic, data_range, {window: mask})[window][1]


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
    means = _means(real, synthetic, data_range, dict.fromkeys((SsimWindow.CUBE, SsimWindow.SLICE), mask))
    return SsimScores(*means[SsimWindow.CUBE], *means[SsimWindow.SLICE])


def valid_interior(window: SsimWindow) -> tuple[slice, slice, slice]:
    """Slices that cut a volume down to the voxels that have a whole window."""
    inner = slice(_RADIUS, -_RADIUS)
    return (inner, inner, inner if window is SsimWindow.CUBE else slice(None))


def _means(
    real: FloatArray, synthetic: FloatArray, data_range: float, masks: Mapping[SsimWindow, BoolArray | None]
) -> dict[SsimWindow, tuple[float, float]]:
    """By window, the mean over the whole interior and over the mask; NaN for that where there is none."""
    _check(real, synthetic, data_range, masks)
    whole, brain = dict.fromkeys(masks, 0.0), dict.fromkeys(masks, math.nan)
    inside = {window: _inside(mask, real.shape, window) for window, mask in masks.items() if mask is not None}
    brain |= dict.fromkeys(inside, 0.0)
    depth = {window: real.shape[2] - (_HALO if window is SsimWindow.CUBE else 0) for window in masks}
    for window, place, values in _windows(real, synthetic, data_range, masks):
        whole[window] += float(values[..., : depth[window]].sum())
        if window in inside:
            brain[window] += float(values.sum(where=inside[window][place]))
    voxels = (real.shape[0] - _HALO) * (real.shape[1] - _HALO)
    counts = {window: int(np.count_nonzero(part)) for window, part in inside.items()}
    return {
        window: (whole[window] / (voxels * depth[window]), brain[window] / counts.get(window, 1))
        for window in masks
    }


def _inside(mask: BoolArray, shape: tuple[int, ...], window: SsimWindow) -> BoolArray:
    """(X - 6, Y - 6, Z): voxels of the mask that have a whole window; the last 6 of the cube's z are none."""
    if mask.shape != shape:
        raise GridError(
            f"The mask has shape {mask.shape}, the volumes have {shape}; all must share one grid. "
            "Run preprocess first."
        )
    part = mask[valid_interior(window)]
    inside = np.zeros((*part.shape[:2], shape[2]), np.bool_)
    inside[..., : part.shape[2]] = part
    if not inside.any():
        raise VolumeError(
            f"The mask has {int(np.count_nonzero(mask))} voxels, none of them {_RADIUS} or more from the "
            f"border of the volume {shape}; expected at least one. Check the brain mask."
        )
    return inside


def _windows(
    real: FloatArray, synthetic: FloatArray, data_range: float, windows: Collection[SsimWindow]
) -> Iterator[tuple[SsimWindow, tuple[slice, slice], Float64Array]]:
    """SSIM of some planes after the other: window, place (x, y) in its map, and values (x, y, Z).

    Of the cube's values the last 6 along z mean nothing; they are finite. The values lie in a buffer that
    the next ones overwrite.
    """
    formula = _Formula(data_range, _common_mean(real, synthetic, data_range))
    size_x, size_y, size_z = real.shape
    for rows in _strips(size_y, max(2 * _HALO, _ROOM_VOXELS // (WINDOW * size_z) - _HALO)):
        height = rows.stop - rows.start
        sevens = _sevens(size_x, height * size_z)
        sums = _Sums(sevens, height, size_z, formula.shift)
        y = slice(rows.start, rows.stop - _HALO)
        for start in range(0, size_x, sevens * WINDOW):
            planes = slice(start, start + sevens * WINDOW)
            sums.add(real[planes, rows], synthetic[planes, rows])
            place, shape = (sums.planes, y), (-1, height - _HALO, size_z)
            if SsimWindow.SLICE in windows:
                yield (
                    SsimWindow.SLICE,
                    place,
                    formula.evaluate(*sums.of_slices(), SsimWindow.SLICE).reshape(shape),
                )
            if SsimWindow.CUBE in windows:
                yield (
                    SsimWindow.CUBE,
                    place,
                    formula.evaluate(*sums.of_cubes(), SsimWindow.CUBE).reshape(shape),
                )


def _sevens(size_x: int, plane: int) -> int:
    """Number of sevens of planes to take at a time: what fits the room, spread evenly."""
    needed = math.ceil(size_x / WINDOW)
    fitting = max(1, _ROOM_VOXELS // (WINDOW * plane))
    return math.ceil(needed / math.ceil(needed / fitting))


@dataclass(frozen=True)
class _Formula:
    """SSIM's constants, and what was subtracted from both volumes."""

    data_range: float
    shift: float

    def evaluate(
        self, sums: Iterable[Float64Array], room: Iterable[Float64Array], window: SsimWindow
    ) -> Float64Array:
        """SSIM from the window sums of u, v, u^2 and v^2; the answer lies in the first line of the room.

        With U = (sum of u)^2, V = (sum of v)^2 and n voxels in a window,

            2 m_x m_y = (U - V) / 2n^2, m_x^2 + m_y^2 = (U + V) / 2n^2,

        and likewise for the variances, with n (sum of u^2) - U and n (sum of v^2) - V over 2n (n - 1).
        """
        sum_u, sum_v, sum_uu, sum_vv = sums
        n = window.voxels
        c1 = 2 * n**2 * (K1 * self.data_range) ** 2
        c2 = 2 * n * (n - 1) * (K2 * self.data_range) ** 2
        answer, u, v, spread_u, spread_v = room

        np.multiply(sum_u, sum_u, out=u)
        np.multiply(sum_v, sum_v, out=v)
        np.multiply(sum_uu, n, out=spread_u)
        spread_u -= u
        spread_u += c2
        np.multiply(sum_vv, n, out=spread_v)
        spread_v -= v
        if self.shift:
            np.add(sum_u, 2 * n * self.shift, out=u)
            u *= u
        u += c1

        np.subtract(u, v, out=answer)
        u += v
        np.subtract(spread_u, spread_v, out=v)
        spread_u += spread_v
        answer *= v
        u *= spread_u
        answer /= u
        return answer


class _Sums:
    """Window sums of u, v, u^2 and v^2 of one strip of planes, as its planes come, some sevens at a time.

    Planes lie one after the other in memory, so that additions run over long contiguous stretches. Sums
    whose window would reach over the end of a row or a column mean nothing, and are left out.
    """

    def __init__(self, sevens: int, rows: int, size_z: int, shift: float) -> None:
        self._plane, self._valid = rows * size_z, (rows - _HALO) * size_z
        self._size_z, self._shift = size_z, shift
        self._lines = np.zeros((5, sevens * WINDOW * self._plane))
        self._pairs = np.empty(sevens * WINDOW * self._plane)
        self._sums = np.empty((4, sevens, WINDOW, self._valid))
        self._ends = np.zeros((4, sevens, _HALO, self._valid))
        """From each plane of seven but the first to their end."""
        self._taken = 0
        self.planes = slice(0, 0)
        """The last ones whose windows have become whole, of all that were taken."""
        self._size = slice(0, 0)

    def add(self, real: FloatArray, synthetic: FloatArray) -> None:
        """Take the next planes, (number of sevens x 7, rows, Z); only the last may be fewer."""
        fields = self._lines[1:]
        fields[:, real.size :] = 0.0
        self._fill(fields[:, : real.size], real, synthetic)
        for field, line in zip(fields, self._lines, strict=False):  # each into the place of the one before
            _add_seven(field, self._size_z, pairs=self._pairs, out=line)
        self._add_across(self._lines[:4].reshape(*self._sums.shape[:3], self._plane)[..., : self._valid])
        first = _HALO if not self._taken else 0
        self._size = slice(first * self._valid, len(real) * self._valid)
        self.planes = slice(self._taken + first - _HALO, self._taken + len(real) - _HALO)
        self._taken += len(real)

    def _fill(self, fields: Float64Array, real: FloatArray, synthetic: FloatArray) -> None:
        u, v, squares_u, squares_v = fields
        x, y = u, squares_v
        x.reshape(real.shape)[...] = real
        y.reshape(real.shape)[...] = synthetic
        np.subtract(x, y, out=v)
        np.add(x, y, out=u)
        if self._shift:
            u -= 2 * self._shift
        np.multiply(u, u, out=squares_u)
        np.multiply(v, v, out=squares_v)

    def _add_across(self, columns: Float64Array) -> None:
        """Sums over seven planes that end at each, from sums over 7x1 voxels, (4, sevens, 7, rows x Z)."""
        sums, ends = self._sums, self._ends
        np.add(columns[:, :, 0], columns[:, :, 1], out=sums[:, :, 1])
        for place in range(2, WINDOW):
            np.add(sums[:, :, place - 1], columns[:, :, place], out=sums[:, :, place])
        self._complete(slice(0, 1), columns, slice(-1, None))
        ends[:, :, -1] = columns[:, :, -1]
        for place in range(WINDOW - 2, 0, -1):
            np.add(columns[:, :, place], ends[:, :, place], out=ends[:, :, place - 1])
        self._complete(slice(1, None), columns, slice(0, -1))

    def _complete(self, sevens: slice, columns: Float64Array, before: slice) -> None:
        """Add to the sums within some sevens what their windows take of the sevens before."""
        sums, ends = self._sums[:, sevens], self._ends[:, before]
        np.add(columns[:, sevens, 0], ends[:, :, 0], out=sums[:, :, 0])
        sums[:, :, 1:-1] += ends[:, :, 1:]

    def of_slices(self) -> tuple[Float64Array, Float64Array]:
        """Sums over 7x7 voxels, four lines, and five lines of room for the formula."""
        sums = self._sums.reshape(4, -1)[:, self._size]
        return sums, self._lines[:, : sums.shape[1]]

    def of_cubes(self) -> tuple[Float64Array, tuple[Float64Array, ...]]:
        """Sums over 7x7x7 voxels, and room, where all but one line are the sums'."""
        flat = self._sums.reshape(4, -1)[:, self._size]
        size = flat.shape[1]
        for values, line in zip(flat, self._lines, strict=False):
            _add_seven(values, 1, pairs=self._pairs, out=line)
            line[size - _HALO : size] = 0.0  # finite, and left out
        u, v, squares_u, squares_v, free = self._lines[:, :size]
        return self._lines[:4, :size], (u, free, v, squares_u, squares_v)


def _add_seven(values: Float64Array, stride: int, *, pairs: Float64Array, out: Float64Array) -> None:
    """values[i] + values[i + stride] + ... + values[i + 6 stride], in four additions instead of six."""
    size = values.size - _HALO * stride
    twos = np.add(values[:-stride], values[stride:], out=pairs[: values.size - stride])
    sevens = np.add(twos[:size], twos[2 * stride : 2 * stride + size], out=out[:size])
    sevens += twos[4 * stride : 4 * stride + size]
    sevens += values[6 * stride :]


def _strips(size: int, side: int) -> Iterator[slice]:
    """Overlapping stretches of an axis whose valid parts are about `side` long and tile it."""
    valid = size - _HALO
    count = max(1, round(valid / side))
    edges = [valid * index // count for index in range(count + 1)]
    for start, stop in itertools.pairwise(edges):
        yield slice(start, stop + _HALO)


def _common_mean(real: FloatArray, synthetic: FloatArray, data_range: float) -> float:
    """What to subtract from both volumes: their mean, or 0 where it is not large against the range."""
    with np.errstate(invalid="ignore", over="ignore"):
        means = [float(volume.mean()) for volume in (real, synthetic)]
        if not all(map(math.isfinite, means)):  # or their sum is, in float32
            means = [float(volume.mean(dtype=np.float64)) for volume in (real, synthetic)]
    for name, volume, mean in zip(("real", "synthetic"), (real, synthetic), means, strict=True):
        if not math.isfinite(mean):
            raise VolumeError(
                f"The {name} volume has {int(np.count_nonzero(~np.isfinite(volume)))} voxels that are NaN "
                "or infinite; SSIM needs finite voxels. Check the map, or the run that made it."
            )
    mean = sum(means) / 2
    return mean if abs(mean) > data_range else 0.0


def _check(
    real: FloatArray, synthetic: FloatArray, data_range: float, windows: Collection[SsimWindow]
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
