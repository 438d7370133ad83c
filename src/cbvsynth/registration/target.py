"""The image that others are registered to, with what is made of it once for all of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.displacement import points_of
from cbvsynth.registration.information import places_around
from cbvsynth.registration.itk_image import itk_image
from cbvsynth.registration.pyramid import coarsened, coarsened_mask

if TYPE_CHECKING:
    import SimpleITK

MARGIN_MM = 12.0
"""How far around the brain voxels count: its outline, which all contrasts share, guides the search."""
LEVELS_MM = (8.0, 4.0)
"""Voxel sizes of the search, along axes whose own voxels are smaller."""
MIN_VOXELS = 4
"""Along each axis of a level: what ITK's recursive Gaussian needs."""
RANGE_PERCENT = (1.0, 99.0)
"""Intensities beyond these percentiles count as these: vessels and noise would take most of the histogram."""

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Target:
    """A fixed image; what each search needs of it is made when it is first asked for, and kept."""

    def __init__(self, volume: Volume, mask: BoolArray | None = None) -> None:
        """Take an image and, where only the brain and its outline are to count, its mask (X, Y, Z)."""
        self.volume = volume
        self.mask = mask

    @cached_property
    def points(self) -> Float64Array:
        """Centres (N, 3), RAS mm, of the brain's voxels, or of all without a mask."""
        return points_of(
            np.ones(self.volume.shape, np.bool_) if self.mask is None else self.mask, self.volume.affine
        )

    @cached_property
    def centre(self) -> Float64Array:
        """Their middle, (3,), RAS mm."""
        middle: Float64Array = self.points.mean(axis=0)
        return middle

    @cached_property
    def smooth(self) -> Volume:
        """The image on voxels of the finest level."""
        return smooth(self.volume)

    @cached_property
    def places(self) -> Float64Array:
        """Places (N, 3), RAS mm, in and around the head, where images are compared closely."""
        inside = self.smooth.data > self.smooth.data.mean() if self.mask is None else self.mask
        return places_around(inside, (self.smooth if self.mask is None else self.volume).affine)

    @cached_property
    def levels(self) -> tuple[tuple[SimpleITK.Image, Volume], ...]:
        """For each of the search's levels the smoothed image, and 1 where its voxels count."""
        region = np.ones(self.volume.shape, np.bool_)
        if self.mask is not None:
            far_mm = scipy.ndimage.distance_transform_edt(~self.mask, sampling=self.volume.spacing_mm)
            region = far_mm <= MARGIN_MM
        return tuple(
            (image, coarsened_mask(region, self.volume.affine, voxel_mm))
            for image, voxel_mm in zip(search_images(self.volume), LEVELS_MM, strict=True)
        )


def search_images(volume: Volume) -> tuple[SimpleITK.Image, ...]:
    """An image as the search compares it, for each level.

    Raises:
        RegistrationError: it is too thin to be smoothed.
    """
    import SimpleITK

    clipped = _without_extremes(volume)
    levels = [(coarsened(clipped, voxel_mm), voxel_mm) for voxel_mm in LEVELS_MM]
    fewest = min(min(coarse.shape) for coarse, _ in levels)
    if fewest < MIN_VOXELS:
        raise RegistrationError(
            f"An image that is searched for has {fewest} voxels along an axis; expected {MIN_VOXELS} or more."
        )
    return tuple(
        SimpleITK.SmoothingRecursiveGaussian(itk_image(coarse), voxel_mm / 2.0) for coarse, voxel_mm in levels
    )


def smooth(volume: Volume, voxel_mm: float = LEVELS_MM[-1]) -> Volume:
    """An image as it is compared closely: on voxels of the finest level, smoothed where they are small."""
    coarse = coarsened(_without_extremes(volume), voxel_mm)
    # Along thick slices the voxels themselves are smooth enough.
    sigmas = [voxel_mm / 2.0 / size if size <= 2.0 * voxel_mm else 0.0 for size in coarse.spacing_mm]
    return Volume(scipy.ndimage.gaussian_filter(coarse.data, sigmas), coarse.affine)


def _without_extremes(volume: Volume) -> Volume:
    low, high = np.percentile(volume.data, RANGE_PERCENT)
    return Volume(np.clip(volume.data, low, high), volume.affine) if low < high else volume
