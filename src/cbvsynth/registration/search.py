"""The search for the best match by SimpleITK: Mattes mutual information, coarse to fine.

Steps down the gradient find the valley on smoothed images of 8 mm; Powell's method, which needs no gradient
and is not held up by the ripples that thick slices make, finds its bottom on finer ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.displacement import points_of
from cbvsynth.registration.pyramid import coarsened, coarsened_mask
from cbvsynth.registration.transform import RigidTransform

if TYPE_CHECKING:
    import SimpleITK

MARGIN_MM = 12.0
"""How far around the brain voxels count: its outline, which all contrasts share, guides the search."""
LEVELS_MM = (8.0, 4.0)
"""Voxel sizes of the search, along axes whose own voxels are smaller."""
SAMPLES = 20_000
"""About how many voxels of the fixed image are compared at each level, at regular distances."""
RANGE_PERCENT = (1.0, 99.0)
"""Intensities beyond these percentiles count as these: vessels and noise would take most of the histogram."""
BINS = 32
"""Of the joint histogram, along either axis."""
_RADIUS_MM = 50.0
"""A turn by one radian moves the brain's voxels by about this much: it weighs turns against shifts."""
_TO_ITK = np.diag([-1.0, -1.0, 1.0])
"""RAS to LPS and back."""

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def search(moving: Volume, fixed: Volume, mask: BoolArray | None) -> tuple[RigidTransform, float]:
    """The transform of best match, and the mutual information, nats, of the two images in it.

    Raises:
        RegistrationError: the images lost each other on the way.
    """
    import SimpleITK

    # ITK's metric has threads of its own, which add up in whatever order they end: one, in the whole process.
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    region = np.ones(fixed.shape, np.bool_) if mask is None else _with_margin(mask, fixed.spacing_mm)
    centre = points_of(region if mask is None else mask, fixed.affine).mean(axis=0)
    transform = SimpleITK.Euler3DTransform()
    transform.SetCenter((_TO_ITK @ centre).tolist())
    pair = [_without_extremes(volume) for volume in (fixed, moving)]
    for voxel_mm in LEVELS_MM:
        method = SimpleITK.ImageRegistrationMethod()
        method.SetInterpolator(SimpleITK.sitkLinear)
        _set_metric(method, coarsened_mask(region, fixed.affine, voxel_mm))
        _set_optimiser(method, finest=voxel_mm == LEVELS_MM[-1])
        method.SetInitialTransform(transform, True)
        images = [_smoothed(coarsened(volume, voxel_mm), voxel_mm / 2.0) for volume in pair]
        try:
            method.Execute(*images)
        except RuntimeError as error:
            raise RegistrationError(
                "The images lost each other while they were matched; expected two images of one head. "
                "Look at both."
            ) from error
    return RigidTransform(_ras_matrix(transform)), -float(method.GetMetricValue())


def _set_metric(method: SimpleITK.ImageRegistrationMethod, region: Volume) -> None:
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(_image(region, np.uint8))
    share = SAMPLES / max(1.0, float(region.data.sum()))
    if share < 1.0:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(share, seed=1)


def _set_optimiser(method: SimpleITK.ImageRegistrationMethod, *, finest: bool) -> None:
    if finest:
        method.SetOptimizerAsPowell(
            numberOfIterations=5, maximumLineIterations=30, stepLength=0.5, stepTolerance=0.01
        )
        method.SetOptimizerScales([_RADIUS_MM] * 3 + [1.0] * 3)
    else:
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=2.0, minStep=0.01, numberOfIterations=100, gradientMagnitudeTolerance=1e-10
        )
        method.SetOptimizerScales([_RADIUS_MM**2] * 3 + [1.0] * 3)


def _with_margin(mask: BoolArray, spacing_mm: tuple[float, float, float]) -> BoolArray:
    near: BoolArray = ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= MARGIN_MM
    return near


def _without_extremes(volume: Volume) -> Volume:
    low, high = np.percentile(volume.data, RANGE_PERCENT)
    return Volume(np.clip(volume.data, low, high), volume.affine) if low < high else volume


def _smoothed(volume: Volume, sigma_mm: float) -> SimpleITK.Image:
    import SimpleITK

    return SimpleITK.SmoothingRecursiveGaussian(_image(volume, np.float32), sigma_mm)


def _image(volume: Volume, kind: type[np.generic]) -> SimpleITK.Image:
    """A volume as SimpleITK's image, in its own coordinates, LPS."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.data.transpose(2, 1, 0), dtype=kind))
    spacing = np.array(volume.spacing_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((_TO_ITK @ volume.affine[:3, 3]).tolist())
    image.SetDirection((_TO_ITK @ volume.affine[:3, :3] / spacing).ravel().tolist())
    return image


def _ras_matrix(transform: SimpleITK.Transform) -> Float64Array:
    rotation = np.array(transform.GetMatrix()).reshape(3, 3)
    centre, shift = np.array(transform.GetCenter()), np.array(transform.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3] = _TO_ITK @ rotation @ _TO_ITK
    matrix[:3, 3] = _TO_ITK @ (shift + centre - rotation @ centre)
    return matrix
