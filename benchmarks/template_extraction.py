"""Brain extraction by a template head laid over a head: a candidate that was not taken.

SimpleITK searches by Mattes mutual information: a similarity from some starts, an affine map, and a smooth
deformation of few control points. The template's T1 shows the brain alone; registered so, its edge settles
on the edge of a head, which is the strongest there is. So shells of a skull's and a scalp's usual thickness
are put around it.
Source of the template: Fonov et al. 2011, NeuroImage 54:313 (ICBM152 2009a, nonlinear symmetric, 1 mm).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.mask_shape import head_of
from cbvsynth.domain.volume import Volume
from cbvsynth.registration.itk_image import TO_ITK, itk_image
from cbvsynth.registration.pyramid import coarsened

SKULL_MM, SCALP_MM, AIR_MM = 7.0, 13.0, 17.0
"""Where skull, scalp and the air beside it end, from the brain outwards. Chosen here: an adult's skull with
the fluid below it is about 7 mm thick, the scalp 6 mm."""
SKULL_BASE_MM = -25.0
"""Height in the template's space below which face and neck surround the brain: there only the brain
counts."""
_SKULL_SHADE, _SCALP_SHADE = 0.12, 1.1
"""Of white matter's brightness. Chosen here: bone gives next to no signal, fat the most there is on T1."""
_FILE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@dataclass(frozen=True, eq=False)
class HeadTemplate:
    """The template head on 1 mm voxels, axes RAS.

    image and brain (0-1), and the region where it can be compared (0-1).
    """

    image: Volume
    brain: Volume
    region: Volume


@cache
def load_head_template() -> HeadTemplate:
    """Make the template head, once per process.

    Raises:
        ModuleNotFoundError: nilearn is not installed.
        FileNotFoundError: its wheel does not hold the template.
    """
    found = find_spec("nilearn")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the ICBM152 brain template lies in nilearn's package", name="nilearn")
    path = Path(next(iter(found.submodule_search_locations))) / "datasets" / "data" / _FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"The ICBM152 template has no file {_FILE} where nilearn keeps its data sets; expected nilearn "
            "0.11 to 0.14. Install one of these, or give a program of your own with --brain_command."
        )
    stored = nib.load(path)
    return head_around(np.asarray(stored.dataobj, dtype=np.float32), np.asarray(stored.affine))


def head_around(t1: np.ndarray, affine: np.ndarray) -> HeadTemplate:
    """Shells of skull and scalp around a brain, (X, Y, Z) float32 on 1 mm voxels, 0 outside of it."""
    brain = ndimage.binary_fill_holes(t1 > 0)
    white = float(np.percentile(t1[brain], 80))
    away_mm = ndimage.distance_transform_edt(~brain)
    head = t1.copy()
    head[(away_mm > 0) & (away_mm <= SKULL_MM)] = _SKULL_SHADE * white
    head[(away_mm > SKULL_MM) & (away_mm <= SCALP_MM)] = _SCALP_SHADE * white
    height_mm = affine[2, 3] + affine[2, 2] * np.arange(t1.shape[2])
    region = (away_mm <= AIR_MM) & ((height_mm > SKULL_BASE_MM) | (away_mm <= 2.0))
    smooth = ndimage.gaussian_filter(head, 1.0)
    return HeadTemplate(*(Volume(data.astype(np.float32), affine) for data in (smooth, brain, region)))


SEARCH_MM = 4.0
SAMPLES, FINE_SAMPLES = 20_000, 12_000
"""Voxels compared by the similarity and the affine map, and by the deformation, which costs more for each."""
STARTS = ((0.0, 0.0), (0.0, -0.25), (0.0, 0.25), (-20.0, 0.0), (-20.0, -0.25), (20.0, 0.0))
"""Shift along the head, mm, and nod of the chin, radians, of each start."""
CONTROL_POINTS = (4, 5, 4)
"""Pieces of the deformation along each axis of the head: about 40 mm each, wider than a tumour's edge is
sharp."""
_UPPER_HEAD_MM = 140.0
"""From its top down, the part of a head that holds the brain: its middle is a start for the template's."""

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]


def find_brain(image: Volume, *, deformed: bool) -> BoolArray:
    """The brain, (X, Y, Z) bool, in the image of a head whose axes are RAS."""
    return _search(_clipped(image), load_head_template(), deformed=deformed)


def _search(image: Volume, template: HeadTemplate, *, deformed: bool) -> BoolArray:
    import SimpleITK as sitk

    head = _smoothed(coarsened(image, 2.0))
    fixed, region = (
        _smoothed(coarsened(template.image, SEARCH_MM)),
        _region(coarsened(template.region, SEARCH_MM)),
    )
    middle = _middle(coarsened(template.brain, SEARCH_MM))
    # Each start is moved to where its climb ends.
    best = max(
        _starts(image, middle),
        key=lambda start: _climb(fixed, head, region, start, steps=40, rate=2.0),
    )
    affine = sitk.AffineTransform(3)
    affine.SetCenter(best.GetCenter())
    affine.SetMatrix(best.GetMatrix())
    affine.SetTranslation(best.GetTranslation())
    _climb(fixed, head, region, affine, steps=100, rate=1.0)
    whole = affine.GetInverse()
    if deformed:
        whole = sitk.CompositeTransform([whole, _deformation(image, template, whole)])
    share = sitk.Resample(
        itk_image(coarsened(template.brain, 2.0)), itk_image(image), whole, sitk.sitkLinear, 0.0
    )
    brain: BoolArray = sitk.GetArrayFromImage(share).transpose(2, 1, 0) > 0.5
    return _one_piece(brain)


def _starts(image: Volume, middle: Float64Array) -> list[Any]:
    import SimpleITK as sitk

    head = coarsened(image, SEARCH_MM)
    points = np.argwhere(head_of(head.data)) @ head.affine[:3, :3].T + head.affine[:3, 3]
    top = np.percentile(points[:, 2], 99.9)
    upper = points[points[:, 2] > top - _UPPER_HEAD_MM].mean(axis=0)
    starts = []
    for shift_mm, nod in STARTS:
        start = sitk.Similarity3DTransform()
        start.SetCenter((TO_ITK @ middle).tolist())
        start.SetTranslation((TO_ITK @ (upper + np.array([0.0, 0.0, shift_mm]) - middle)).tolist())
        start.SetRotation((1.0, 0.0, 0.0), nod)
        starts.append(start)
    return starts


def _climb(fixed: Any, moving: Any, region: Any, transform: Any, *, steps: int, rate: float) -> float:
    """Better a transform in place, up the gradient; the mutual information reached, nats."""
    method = _method(region, SAMPLES)
    method.SetOptimizerAsRegularStepGradientDescent(rate, 0.01, steps, 0.6, 1e-10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, True)
    method.Execute(fixed, moving)
    return -float(method.GetMetricValue())


def _deformation(image: Volume, template: HeadTemplate, to_template: Any) -> Any:
    """What is left between the head and the template that an affine map laid over it."""
    import SimpleITK as sitk

    head = _smoothed(coarsened(image, SEARCH_MM))
    share = sitk.Resample(itk_image(template.region), head, to_template, sitk.sitkLinear, 0.0)
    inside = sitk.GetArrayFromImage(share) > 0.5
    places = np.argwhere(inside)[:, ::-1]
    if not len(places):
        raise RuntimeError("the template lies outside of the image")
    low, size = places.min(axis=0), np.ptp(places, axis=0) + 1
    region = sitk.RegionOfInterest(share > 0.5, size.tolist(), low.tolist())
    head = sitk.RegionOfInterest(head, size.tolist(), low.tolist())
    deformation = sitk.BSplineTransformInitializer(head, CONTROL_POINTS, 3)
    method = _method(region, FINE_SAMPLES)
    method.SetMovingInitialTransform(to_template)
    method.SetInitialTransform(deformation, True)
    method.SetOptimizerAsLBFGSB(1e-5, 15, 5, 22)
    method.Execute(head, _smoothed(coarsened(template.image, 2.0)))
    return deformation


def _method(region: Any, samples: int) -> Any:
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricFixedMask(region)
    share = samples / max(1.0, float(sitk.GetArrayViewFromImage(region).sum()))
    if share < 1.0:
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(share, seed=1)
    return method


def _clipped(image: Volume) -> Volume:
    shown = image.data[image.data > 0.0]
    high = float(np.percentile(shown, 99.5)) if shown.size else 1.0
    return Volume(np.clip(image.data, 0.0, high), image.affine)


def _middle(brain: Volume) -> Float64Array:
    middle: Float64Array = (
        np.argwhere(brain.data > 0.5) @ brain.affine[:3, :3].T + brain.affine[:3, 3]
    ).mean(axis=0)
    return middle


def _one_piece(brain: BoolArray) -> BoolArray:
    pieces, number = ndimage.label(brain)
    if not number:
        return brain
    largest = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    filled: BoolArray = ndimage.binary_fill_holes(largest)
    return filled


def _smoothed(volume: Volume) -> Any:
    import SimpleITK as sitk

    return sitk.SmoothingRecursiveGaussian(itk_image(volume), SEARCH_MM / 2.0)


def _region(share: Volume) -> Any:
    return itk_image(Volume((share.data > 0.5).astype(np.float32), share.affine), np.uint8)
