"""What metal and motion do to an image, as large as one wants it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.streams import Purpose, Streams

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PILE_UP = 2.2
"""How many times brighter an image is where displaced signal piles up beside metal; ours."""
_MOTION_POSES = 7
_MOTION_MM = 9.0
_MOTION_DEGREES = 7.0


class Extent(Enum):
    """How far metal reaches: shares of the brain that are void, and that are the bright border of it."""

    SPIN_ECHO = (0.03, 0.015)
    ECHO_PLANAR = (0.14, 0.06)


@dataclass(frozen=True)
class MetalZones:
    """Where metal leaves no signal and where the displaced signal piles up, both bool (X, Y, Z)."""

    void: BoolArray
    border: BoolArray

    def on(self, image: Float64Array) -> Float64Array:
        """An image with the artefact."""
        return np.where(self.void, 0.0, np.where(self.border, image * PILE_UP, image))


def metal_zones(
    brain: BoolArray, grid: Grid, streams: Streams, extent: Extent, share: float = 1.0
) -> MetalZones:
    """The artefact of a piece of metal at the surface of the brain: the same piece for every extent.

    Sizes are shares of the brain, so that every head is hit alike; `share` (0-1) of the whole artefact.
    """
    voxels = np.flatnonzero(brain)
    places = np.argwhere(brain) * np.array(grid.spacing_mm)
    centre = places.mean(axis=0)
    angle = streams.of_session(Purpose.FAULT).uniform(0.2, 0.8) * np.pi
    outward = (places[:, 0] - centre[0]) * np.cos(angle) + (places[:, 1] - centre[1]) * np.sin(angle)
    metal = np.array([*places[int(np.argmax(outward)), :2], centre[2]])
    offsets = places - metal
    order = np.argsort(offsets[:, 0] ** 2 + offsets[:, 1] ** 2 + offsets[:, 2] ** 2, kind="stable")
    ends = np.cumsum([round(share * part * order.size) for part in extent.value])
    void, border = np.zeros((2, brain.size), dtype=np.bool_)
    void[voxels[order[: ends[0]]]] = True
    border[voxels[order[ends[0] : ends[1]]]] = True
    return MetalZones(void.reshape(brain.shape), border.reshape(brain.shape))


def moved_while_scanned(
    image: Float64Array, in_plane_mm: float, rng: np.random.Generator, share: float = 1.0
) -> Float64Array:
    """An image (X, Y, Z) whose k-space lines along y were filled in several poses of the head.

    `share` (0-1) of the whole movement.
    """
    lines = np.array_split(np.arange(image.shape[1]), _MOTION_POSES)
    space = np.zeros(image.shape, dtype=np.complex128)
    for part in lines:
        shift_mm = share * rng.uniform(-_MOTION_MM, _MOTION_MM, 2)
        degrees = share * float(rng.uniform(-_MOTION_DEGREES, _MOTION_DEGREES))
        posed = _posed(image, shift_mm / in_plane_mm, np.deg2rad(degrees))
        space[:, part] = np.fft.fftshift(np.fft.fft2(posed, axes=(0, 1)), axes=1)[:, part]
    return np.abs(np.fft.ifft2(np.fft.ifftshift(space, axes=1), axes=(0, 1)))


def _posed(image: Float64Array, shift_voxels: Float64Array, radians: float) -> Float64Array:
    """An image turned in plane about its centre and shifted, trilinear, 0 outside."""
    x, y, z = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in image.shape), indexing="ij")
    middle = 0.5 * (image.shape[0] - 1)
    across, along = x - middle - shift_voxels[0], y - middle - shift_voxels[1]
    cosine, sine = np.cos(radians), np.sin(radians)
    places = np.stack([cosine * across + sine * along + middle, cosine * along - sine * across + middle, z])
    turned: Float64Array = ndimage.map_coordinates(image, places, order=1, cval=0.0)
    return turned
