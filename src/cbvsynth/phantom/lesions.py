"""Lesions: where they lie, how they are built, how they change, how they push the brain aside."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import SOLID_LESIONS, Diagnosis

Float64Array = npt.NDArray[np.float64]
Axes = tuple[Float64Array, Float64Array, Float64Array]


@dataclass(frozen=True)
class LesionKind:
    """How a class of lesion looks. Radii in mm; shares relative to the solid part's radius.

    `leak_mm` is the gadolinium that leaked into the solid part in mM, `leak_per_cbv` what leaks in
    addition per mL/100 g of CBV: the new vessels of a high-grade glioma are leaky themselves.
    """

    radius_mm: tuple[float, float]
    core_share: tuple[float, float]
    oedema_share: tuple[float, float]
    leak_mm: float
    leak_per_cbv: float
    cbv_spread: float
    """Standard deviation of the logarithm of CBV between patients."""


KINDS: dict[Diagnosis, LesionKind] = {
    Diagnosis.HIGH_GRADE_GLIOMA: LesionKind((15, 22), (0.30, 0.60), (1.5, 1.9), 0.02, 0.035, 0.25),
    Diagnosis.LOW_GRADE_GLIOMA: LesionKind((14, 20), (0.0, 0.0), (1.0, 1.2), 0.0, 0.0, 0.15),
    Diagnosis.METASTASIS: LesionKind((9, 14), (0.0, 0.40), (1.7, 2.3), 0.06, 0.020, 0.18),
    Diagnosis.RADIONECROSIS: LesionKind((12, 18), (0.35, 0.60), (1.5, 1.9), 0.13, 0.0, 0.15),
    Diagnosis.LYMPHOMA: LesionKind((12, 18), (0.0, 0.0), (1.4, 1.8), 0.20, 0.0, 0.15),
}
"""Sizes, leaks and spreads are ours, chosen so that T1C alone does not tell high from low CBV."""

_VARIED_CBV, _VARIED_LEAK = 0.35, 0.6
"""Standard deviations of the logarithms of what varied lesions differ by, CBV and enhancement. Ours: a
lymphoma may enhance as a weak metastasis does, and have the CBV of a low-grade glioma or of a high one."""
_EDGE = 0.16
"""Width of the transition at a border, relative to the radius."""
_MASS_EFFECT = 0.30
"""Largest relative inward shift of the place that is sampled: tissue is pushed outwards."""


@dataclass(frozen=True)
class Lesion:
    """One lesion at one examination: centre in RAS mm, radius in mm, CBV in mL/100 g."""

    diagnosis: Diagnosis
    centre_mm: tuple[float, float, float]
    radius_mm: float
    elongation: tuple[float, float, float]
    core_share: float
    oedema_share: float
    cbv: float
    leak_factor: float = 1.0
    """Gadolinium that leaked into it, over what its kind says."""

    @property
    def kind(self) -> LesionKind:
        """What is common to all lesions of this diagnosis."""
        return KINDS[self.diagnosis]


@dataclass(frozen=True)
class LesionMaps:
    """Shares (0-1) of each voxel, (X, Y, Z): necrosis lies within solid; oedema surrounds both.

    `cbv` is the solid part's CBV in mL/100 g and `leak_mm` its leaked gadolinium in mM, everywhere.
    """

    necrosis: Float64Array
    solid: Float64Array
    oedema: Float64Array
    cbv: Float64Array
    leak_mm: Float64Array


def draw_lesion(streams: Streams, diagnosis: Diagnosis) -> Lesion:
    """The lesion of a patient at an examination: the first one's, changed by what happened since."""
    rng = streams.of_patient(Purpose.LESION)
    kind = KINDS[diagnosis]
    side = 1.0 if rng.random() < 0.5 else -1.0
    centre = (side * rng.uniform(22, 42), rng.uniform(-58, 28), rng.uniform(4, 44))
    lesion = Lesion(
        diagnosis=diagnosis,
        centre_mm=centre,
        radius_mm=rng.uniform(*kind.radius_mm),
        elongation=(rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.2), rng.uniform(0.9, 1.1)),
        core_share=rng.uniform(*kind.core_share),
        oedema_share=rng.uniform(*kind.oedema_share),
        cbv=SOLID_LESIONS[diagnosis].cbv * _spread(rng, kind.cbv_spread),
    )
    for later in range(2, streams.session + 1):
        course = streams.of_session(Purpose.COURSE, later)
        growth = course.uniform(1.08, 1.22) if course.random() < 0.6 else course.uniform(0.75, 0.92)
        lesion = replace(
            lesion, radius_mm=lesion.radius_mm * growth, cbv=lesion.cbv * _spread(course, kind.cbv_spread / 2)
        )
    return lesion


def varied(lesion: Lesion, streams: Streams) -> Lesion:
    """The lesion with another CBV, and an enhancement that does not follow from it.

    Both are the same at all examinations of a patient. In a usual study a diagnosis enhances alike, so that
    a network may learn the diagnosis instead of the CBV.
    """
    rng = streams.of_patient(Purpose.VARIETY)
    cbv, leak = (_spread(rng, deviation) for deviation in (_VARIED_CBV, _VARIED_LEAK))
    return replace(lesion, cbv=lesion.cbv * cbv, leak_factor=lesion.leak_factor * leak)


def _spread(rng: np.random.Generator, deviation: float) -> float:
    """A lognormal factor around 1, cut at two standard deviations."""
    return float(np.exp(deviation * min(2.0, max(-2.0, float(rng.standard_normal())))))


def pushed_aside(lesion: Lesion, axes: Axes) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Displacement in mm, x, y, z, each (X, Y, Z), from a place to where its tissue came from.

    Close to the lesion the healthy brain is sampled nearer to the centre; beyond about three radii
    nothing moves.
    """
    offsets = _offsets(lesion, axes)
    # In units of 1.6 radii, so that the push has fallen to 3 % at three radii.
    distance2 = sum(offset * offset for offset in offsets) / (1.6 * lesion.radius_mm) ** 2
    shift = -_MASS_EFFECT * np.exp(-distance2)
    return (offsets[0] * shift, offsets[1] * shift, offsets[2] * shift)


def lesion_maps(lesion: Lesion, axes: Axes, white: Float64Array, streams: Streams) -> LesionMaps:
    """Where the parts of a lesion lie. `white` (X, Y, Z) leads oedema, which spares the cortex."""
    rng = streams.of_patient(Purpose.LESION_TEXTURE)
    shape, vascular, leaky = (smooth_field(rng, axes, spacing) for spacing in (14.0, 9.0, 9.0))
    offsets = _offsets(lesion, axes)
    squares = [(offset / length) ** 2 for offset, length in zip(offsets, lesion.elongation, strict=True)]
    distance = np.sqrt(squares[0] + squares[1] + squares[2]) / lesion.radius_mm
    distance = distance * (1.0 + 0.12 * np.clip(shape, -2.0, 2.0))
    solid = _inside(distance, 1.0)
    necrosis = _inside(distance, lesion.core_share) if lesion.core_share > 0 else np.zeros_like(distance)
    oedema = _inside(distance, lesion.oedema_share) * (0.1 + 0.9 * white)
    cbv = lesion.cbv * np.clip(1.0 + 0.22 * vascular, 0.4, 1.7)
    kind = lesion.kind
    leak = (
        lesion.leak_factor * (kind.leak_mm + kind.leak_per_cbv * cbv) * np.clip(1.0 + 0.12 * leaky, 0.5, 1.5)
    )
    return LesionMaps(necrosis, solid, oedema, cbv, leak)


def _offsets(lesion: Lesion, axes: Axes) -> tuple[Float64Array, Float64Array, Float64Array]:
    x, y, z = axes
    centre = lesion.centre_mm
    return (
        (x - centre[0])[:, None, None],
        (y - centre[1])[None, :, None],
        (z - centre[2])[None, None, :],
    )


def _inside(distance: Float64Array, border: float) -> Float64Array:
    return np.clip((border - distance) / _EDGE + 0.5, 0.0, 1.0)
