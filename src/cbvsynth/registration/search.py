"""The search for the best match by SimpleITK: Mattes mutual information, coarse to fine.

Steps down the gradient find the valley on smoothed images of 8 mm; Powell's method, which needs no gradient
and is not held up by the ripples that thick slices make, finds its bottom on finer ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration.information import RADIUS_MM
from cbvsynth.registration.itk_image import TO_ITK, itk_image, ras_matrix
from cbvsynth.registration.target import LEVELS_MM, Target, search_images
from cbvsynth.registration.transform import RigidTransform

if TYPE_CHECKING:
    import SimpleITK

SAMPLES = 20_000
"""About how many voxels of the fixed image are compared at each level, at regular distances."""
BINS = 32
"""Of the joint histogram, along either axis."""


def search(moving: Volume, target: Target) -> tuple[RigidTransform, float]:
    """The transform of best match, and the mutual information, nats, of the two images in it.

    Raises:
        RegistrationError: the images lost each other on the way.
    """
    import SimpleITK

    # ITK's metric has threads of its own, which add up in whatever order they end: one, in the whole process.
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    transform = SimpleITK.Euler3DTransform()
    transform.SetCenter((TO_ITK @ target.centre).tolist())
    levels = zip(target.levels, search_images(moving), LEVELS_MM, strict=True)
    for (fixed, region), image, voxel_mm in levels:
        method = SimpleITK.ImageRegistrationMethod()
        method.SetInterpolator(SimpleITK.sitkLinear)
        _set_metric(method, region)
        _set_optimiser(method, finest=voxel_mm == LEVELS_MM[-1])
        method.SetInitialTransform(transform, True)
        try:
            method.Execute(fixed, image)
        except RuntimeError as error:
            raise RegistrationError(
                "The images lost each other while they were matched; expected two images of one head. "
                "Look at both."
            ) from error
    return RigidTransform(ras_matrix(transform)), -float(method.GetMetricValue())


def _set_metric(method: SimpleITK.ImageRegistrationMethod, region: Volume) -> None:
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(itk_image(region, np.uint8))
    share = SAMPLES / max(1.0, float(region.data.sum()))
    if share < 1.0:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(share, seed=1)


def _set_optimiser(method: SimpleITK.ImageRegistrationMethod, *, finest: bool) -> None:
    if finest:
        method.SetOptimizerAsPowell(
            numberOfIterations=5, maximumLineIterations=30, stepLength=0.5, stepTolerance=0.01
        )
        method.SetOptimizerScales([RADIUS_MM] * 3 + [1.0] * 3)
    else:
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=2.0, minStep=0.01, numberOfIterations=100, gradientMagnitudeTolerance=1e-10
        )
        method.SetOptimizerScales([RADIUS_MM**2] * 3 + [1.0] * 3)
