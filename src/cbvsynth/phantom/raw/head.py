"""What surrounds a brain: CSF, skull, muscle, fat, skin, eyes and air, by distance from the brain.

The template ends at the brain, so the rest is built: shells of the thicknesses that adults have, on a
face and a neck of ellipsoids. It is meant to be as hard for a registration and a brain extraction as
a head is (bright fat next to a dark skull, eyes, muscle as bright as grey matter), not to be a likeness.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.phantom.fields import LATTICE_MM, smooth_field
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import Properties

Float64Array = npt.NDArray[np.float64]
Axes = tuple[Float64Array, Float64Array, Float64Array]


class HeadTissue(StrEnum):
    """The materials around the brain."""

    CSF = "subarachnoid CSF"
    BONE = "cortical bone"
    MARROW = "marrow"
    MUSCLE = "muscle"
    FAT = "fat"
    SKIN = "skin"
    MUCOSA = "mucosa"
    EYE = "vitreous body"


HEAD_TISSUES: dict[HeadTissue, Properties] = {
    HeadTissue.CSF: Properties(4000, 1500, 1.00, 3000, 0.3),
    HeadTissue.BONE: Properties(1000, 1.0, 0.10, 500, 0.3),
    HeadTissue.MARROW: Properties(500, 90, 0.55, 400, 2.0),
    HeadTissue.MUSCLE: Properties(1420, 32, 0.80, 1500, 1.5),
    HeadTissue.FAT: Properties(371, 133, 0.85, 50, 0.8),
    HeadTissue.SKIN: Properties(950, 35, 0.70, 1000, 4.0),
    HeadTissue.MUCOSA: Properties(1500, 120, 0.85, 1500, 6.0),
    HeadTissue.EYE: Properties(4300, 1000, 1.00, 2800, 0.0),
}
"""Muscle and fat: Gold et al. 2004, AJR 183:343, at 3 T. Bone has next to no signal at these echo times;
the remaining numbers are ours, typical of the literature."""

LEAKED_MM = {
    HeadTissue.MUSCLE: 0.06,
    HeadTissue.SKIN: 0.12,
    HeadTissue.MUCOSA: 0.35,
    HeadTissue.MARROW: 0.05,
}
"""Gadolinium outside the vessels minutes after the injection, mM; ours: only the brain has a barrier."""
FAT_LEFT = 0.06
"""Share of the fat's signal that fat suppression leaves in diffusion images; ours."""

_COARSE_MM = 4.0
_CLOSING_MM = 20.0
_WIDEST_CSF_MM = 6.0
_CSF_MM, _SKULL_MM, _TABLE_MM = 2.2, 6.5, 1.8
_MUSCLE_MM, _FAT_MM, _SKIN_MM = 1.2, 4.0, 1.8
_FOLDS_MM, _MARBLE_MM = 30.0, 9.0
_FIELD_FLOOR_MM = LATTICE_MM[2][0]
"""Random fields end here; below, they are mirrored."""


@dataclass(frozen=True)
class _Ellipsoid:
    """Centre and half-axes in RAS mm."""

    centre_mm: tuple[float, float, float]
    half_mm: tuple[float, float, float]

    def distance_mm(self, axes: Axes) -> Float64Array:
        """About the distance from the surface, negative inside, (X, Y, Z)."""
        parts = [
            ((axis - centre) / half) ** 2
            for axis, centre, half in zip(axes, self.centre_mm, self.half_mm, strict=True)
        ]
        radius = np.sqrt(parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :])
        return np.asarray((radius - 1.0) * min(self.half_mm))


_OUTLINE = (
    _Ellipsoid((0.0, 22.0, -72.0), (64.0, 78.0, 70.0)),  # face
    _Ellipsoid((0.0, -28.0, -130.0), (56.0, 62.0, 120.0)),  # neck
    _Ellipsoid((0.0, 98.0, -62.0), (13.0, 20.0, 22.0)),  # nose
    _Ellipsoid((80.0, -24.0, -42.0), (8.0, 15.0, 28.0)),  # ears
    _Ellipsoid((-80.0, -24.0, -42.0), (8.0, 15.0, 28.0)),
)
_EYES = tuple(_Ellipsoid((side * 32.0, 64.0, -40.0), (12.0, 12.0, 12.0)) for side in (-1.0, 1.0))
_ORBITS = tuple(_Ellipsoid((side * 30.0, 56.0, -40.0), (17.0, 24.0, 17.0)) for side in (-1.0, 1.0))
_AIR = (
    _Ellipsoid((0.0, 66.0, -62.0), (10.0, 26.0, 20.0)),  # nose
    _Ellipsoid((26.0, 58.0, -72.0), (13.0, 16.0, 16.0)),  # maxillary sinuses
    _Ellipsoid((-26.0, 58.0, -72.0), (13.0, 16.0, 16.0)),
    _Ellipsoid((0.0, 32.0, -46.0), (10.0, 12.0, 9.0)),  # sphenoid sinus
    _Ellipsoid((0.0, 14.0, -100.0), (14.0, 10.0, 30.0)),  # throat
    _Ellipsoid((58.0, -32.0, -48.0), (8.0, 12.0, 12.0)),  # mastoid cells
    _Ellipsoid((-58.0, -32.0, -48.0), (8.0, 12.0, 12.0)),
)


def surrounding_shares(streams: Streams, axes: Axes, brain: Float64Array) -> dict[HeadTissue, Float64Array]:
    """Share (0-1) of each place that each tissue around the brain fills, (X, Y, Z).

    `brain` (0-1) lies on the same grid. What no tissue fills is air.
    """
    rng = streams.of_patient(Purpose.HEAD)
    mirrored = (axes[0], axes[1], np.abs(axes[2] - _FIELD_FLOOR_MM) + _FIELD_FLOOR_MM)
    thickness = [np.clip(smooth_field(rng, mirrored, _FOLDS_MM), -2.0, 2.0) for _ in range(3)]
    marble = smooth_field(rng, mirrored, _MARBLE_MM)
    edge = max(1.0, float(axes[0][1] - axes[0][0]))
    dist, gap = distances_from_brain(axes, brain)

    bone_in = _CSF_MM * (1.0 + 0.3 * thickness[0])
    bone_out = bone_in + _SKULL_MM * (1.0 + 0.12 * thickness[1])
    temporal = 11.0 * sum(
        np.exp(
            -0.5
            * np.square(
                _Ellipsoid((side * 66.0, 8.0, -14.0), (18.0, 26.0, 24.0)).distance_mm(axes) / 18.0 + 1.0
            )
        )
        for side in (-1.0, 1.0)
    )
    fat_mm = _FAT_MM * (1.0 + 0.25 * thickness[2])
    skin = dist - (bone_out + _MUSCLE_MM + temporal + fat_mm + _SKIN_MM)
    for part in _OUTLINE:
        skin = np.minimum(skin, part.distance_mm(axes))

    within = _below(skin, 0.0, edge)
    under_skin, under_fat = _below(skin, -_SKIN_MM, edge), _below(skin, -_SKIN_MM - fat_mm, edge)
    skull, cavity = _below(dist, bone_out, edge), _below(dist, bone_in, edge)
    diploe = _below(dist, bone_out - _TABLE_MM, edge) - _below(dist, bone_in + _TABLE_MM, edge)
    diploe = np.clip(diploe, 0.0, 1.0) * (skull - cavity)
    rock = cavity * (
        1.0 - _below(gap, _WIDEST_CSF_MM, 2.0 * edge)
    )  # the base of the skull, between the lobes
    deep = under_fat * (1.0 - skull)
    fatty = np.clip((marble - 0.8) / 0.4, 0.0, 1.0)  # fat between the muscles
    bony = np.clip((-marble - 1.1) / 0.4, 0.0, 1.0) * _below(skin, -16.0, 4.0)  # jaw, face, spine
    shares = {
        HeadTissue.SKIN: (within - under_skin) * (1.0 - skull),
        HeadTissue.FAT: (under_skin - under_fat) * (1.0 - skull) + deep * fatty * (1.0 - bony),
        HeadTissue.MUSCLE: deep * (1.0 - fatty) * (1.0 - bony),
        HeadTissue.MARROW: diploe + 0.5 * deep * bony + 0.4 * rock,
        HeadTissue.BONE: (skull - cavity) - diploe + 0.5 * deep * bony + 0.6 * rock,
        HeadTissue.CSF: cavity - rock,
        HeadTissue.EYE: np.zeros_like(dist),
        HeadTissue.MUCOSA: np.zeros_like(dist),
    }
    outside_skull = 1.0 - skull
    _carve(shares, HeadTissue.FAT, _union(_ORBITS, axes, edge) * outside_skull * within)
    _carve(shares, HeadTissue.EYE, _union(_EYES, axes, edge) * outside_skull)
    lined = _union(_AIR, axes, edge, 2.0) * outside_skull
    _carve(shares, HeadTissue.MUCOSA, lined)
    hollow = _union(_AIR, axes, edge) * outside_skull
    shares = {tissue: np.clip(share * (1.0 - hollow), 0.0, 1.0) for tissue, share in shares.items()}
    return {tissue: share * (1.0 - brain) for tissue, share in shares.items()}


def distances_from_brain(axes: Axes, brain: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Distances in mm, (X, Y, Z): from the brain without its furrows, negative inside; and from the brain.

    Measured on a grid of some 4 mm and interpolated: the inside of the skull is smooth.
    """
    steps = [max(1, round(_COARSE_MM / float(axis[1] - axis[0]))) for axis in axes]
    step_mm = [float(axis[1] - axis[0]) * step for axis, step in zip(axes, steps, strict=True)]
    coarse = brain[:: steps[0], :: steps[1], :: steps[2]] > 0.5
    pad = int(np.ceil(_CLOSING_MM / min(step_mm))) + 1
    coarse = np.pad(coarse, pad)
    grown = ndimage.distance_transform_edt(~coarse, sampling=step_mm) <= _CLOSING_MM
    closed = ndimage.distance_transform_edt(grown, sampling=step_mm) > _CLOSING_MM
    closed |= coarse
    signed = ndimage.distance_transform_edt(~closed, sampling=step_mm) - ndimage.distance_transform_edt(
        closed, sampling=step_mm
    )
    furrowed = ndimage.distance_transform_edt(~coarse, sampling=step_mm)
    fine = [
        ndimage.affine_transform(
            ndimage.gaussian_filter(distance, 0.8),
            1.0 / np.array(steps),
            offset=np.full(3, float(pad)),
            output_shape=brain.shape,
            order=1,
            mode="nearest",
        )
        for distance in (signed, furrowed)
    ]
    return fine[0], fine[1]


def _below(distance: Float64Array, limit: Float64Array | float, width: float) -> Float64Array:
    """1 where a distance is below the limit, 0 where it is above, with a ramp between."""
    return np.asarray(np.clip((limit - distance) / width + 0.5, 0.0, 1.0))


def _union(parts: tuple[_Ellipsoid, ...], axes: Axes, edge: float, margin_mm: float = 0.0) -> Float64Array:
    result = _below(parts[0].distance_mm(axes), margin_mm, edge)
    for part in parts[1:]:
        result = np.maximum(result, _below(part.distance_mm(axes), margin_mm, edge))
    return result


def _carve(shares: dict[HeadTissue, Float64Array], tissue: HeadTissue, where: Float64Array) -> None:
    """Replace what is there by one tissue."""
    shares.update({other: share * (1.0 - where) for other, share in shares.items()})
    shares[tissue] = shares[tissue] + where
