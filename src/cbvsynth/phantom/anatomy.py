"""One patient's head: the template, stretched, turned, warped, and pushed aside by a lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.phantom.atlas import load_atlas
from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.grid import CENTRE_MM
from cbvsynth.phantom.lesions import Lesion, LesionMaps, lesion_maps, pushed_aside
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import Tissue
from cbvsynth.phantom.vessels import blood_share

Float64Array = npt.NDArray[np.float64]
Axes = tuple[Float64Array, Float64Array, Float64Array]

# Ours: heads differ by a few per cent in size, lie a few degrees askew, and fold differently by millimetres.
_SCALE_DEVIATION = 0.035
_TURN_RADIANS = 0.06
_WARP_MM = 3.0
_WARP_KNOTS_MM = 38.0


@dataclass(frozen=True)
class Anatomy:
    """What lies where, (X, Y, Z) on the fine grid.

    `shares` sum to `brain` (0-1); `lesion` holds the parts of the lesion before they were mixed in.
    """

    shares: dict[Tissue, Float64Array]
    brain: Float64Array
    lesion: LesionMaps


def build_anatomy(streams: Streams, lesion: Lesion, axes: Axes) -> Anatomy:
    """The head of a patient with a lesion; the same patient has the same head at every examination."""
    rng = streams.of_patient(Purpose.ANATOMY)
    x, y, z = _template_positions(rng, axes, pushed_aside(lesion, axes))
    grey, white, brain = load_atlas().sample(x, y, z)
    csf = np.clip(brain - grey - white, 0.0, 1.0)
    grey, white, csf = (share * share for share in (grey, white, csf))  # an average brain is blurred: sharpen
    total = grey + white + csf
    scale = np.where(total > 1e-6, brain / np.maximum(total, 1e-6), 0.0)
    grey, white, csf = grey * scale, white * scale, csf * scale
    brain = grey + white + csf
    maps = lesion_maps(lesion, axes, white, streams)
    vessels = blood_share(streams, axes, midline_mm=np.abs(x), grey=grey, csf=csf)
    blood = (grey + csf) * vessels
    grey, csf = grey * (1.0 - vessels), csf * (1.0 - vessels)
    remaining = (1.0 - maps.solid) * (1.0 - maps.oedema)
    shares = {
        Tissue.WHITE: white * remaining,
        Tissue.GREY: grey * remaining,
        Tissue.CSF: csf * remaining,
        Tissue.BLOOD: blood * remaining,
        Tissue.OEDEMA: brain * maps.oedema * (1.0 - maps.solid),
        Tissue.SOLID: brain * maps.solid * (1.0 - maps.necrosis),
        Tissue.NECROSIS: brain * maps.solid * maps.necrosis,
    }
    return Anatomy(shares, brain, maps)


def _template_positions(
    rng: np.random.Generator, axes: Axes, pushed: tuple[Float64Array, Float64Array, Float64Array]
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Where each place of this head lies in the template, RAS mm: affine, then elastic, then pushed."""
    sizes = 1.0 + _SCALE_DEVIATION * np.clip(rng.standard_normal(3), -2.0, 2.0)
    roll, pitch, yaw = _TURN_RADIANS * rng.uniform(-1.0, 1.0, 3)
    shift = rng.uniform(-2.0, 2.0, 3)
    centred = [
        (axis - centre)[index] + push
        for axis, centre, index, push in zip(
            axes,
            CENTRE_MM,
            (np.s_[:, None, None], np.s_[None, :, None], np.s_[None, None, :]),
            pushed,
            strict=True,
        )
    ]
    x, y, z = centred
    # Small rotations about y, x and z, spelled out to first order and then stretched.
    turned = (x - yaw * y + roll * z, y + yaw * x - pitch * z, z - roll * x + pitch * y)
    result = [
        part / size + centre + move + _WARP_MM * np.clip(smooth_field(rng, axes, _WARP_KNOTS_MM), -2.5, 2.5)
        for part, size, centre, move in zip(turned, sizes, CENTRE_MM, shift, strict=True)
    ]
    return result[0], result[1], result[2]
