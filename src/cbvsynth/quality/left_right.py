"""Which images of an examination lie mirrored left to right: headers cannot tell, the images' edges can.

The edges of every image are compared with those of the others as it lies and mirrored, at the middle of the
grid, as a program turns a file over, and at the brain's own plane, as it lies after somebody registered it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth import registration
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.quality.edges import EdgeImages, edge_images
from cbvsynth.quality.measurements import correlation
from cbvsynth.registration import points_of

Image = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CLEAR_DIFFERENCE = 0.05
"""Least difference of two correlations of edges that tells left from right; ours."""
CLEAR_MIRROR = 0.1
"""By so much two images must fit better mirrored to count as mirrored. Chosen here: sound pairs fit worse by
0.07 (phantoms) and 0.10 (a real examination) or more, mirrored ones better by 0.21 or more."""
LEAST_FIT = 0.3
"""Least correlation of edges mirrored, likewise: that of noise stays below 0.2 on the smallest images."""
_ASKED_BY_NOBODY = ("cbv", Sequence.ASL.value)
"""The faintest images."""


@dataclass(frozen=True)
class PairFit:
    """Correlation (-1 to 1) of the edges of two images as they lie and with one of them mirrored."""

    as_they_lie: float
    mirrored: float

    @property
    def is_mirrored(self) -> bool:
        """Whether one of the two was clearly turned over."""
        return self.mirrored >= LEAST_FIT and self.mirrored - self.as_they_lie >= CLEAR_MIRROR

    @property
    def is_sound(self) -> bool:
        """Whether the two clearly lie the same way."""
        return self.as_they_lie - self.mirrored >= CLEAR_DIFFERENCE


def pair_fits(volumes: Mapping[str, Volume], mask: Mask, mask_grid: Grid) -> dict[tuple[str, str], PairFit]:
    """How each two images fit one another as they lie and mirrored; nothing where that cannot be judged.

    Args:
        volumes: by role, axes RAS, finite, lying on one another but for a mirror; the first tells the brain's
            plane.
        mask: (X, Y, Z) bool, brain.
        mask_grid: where the mask lies.
    """
    if len(volumes) < 2:
        return {}
    anchor = next(iter(volumes.values()))
    shown = edge_images(volumes, anchor, mask, mask_grid)
    inner, mirrored = _mirrored_edges(shown, anchor)
    fits = {}
    for one, other in itertools.combinations(shown.edges, 2):
        turned = [
            correlation(first, second, inner)
            for edges in mirrored
            for first, second in ((shown.edges[one], edges[other]), (edges[one], shown.edges[other]))
        ]
        if turned:
            as_they_lie = correlation(shown.edges[one], shown.edges[other], inner)
            fits[one, other] = PairFit(as_they_lie, float(np.fmax.reduce(turned)))
    return fits


def two_sides(fits: Mapping[tuple[str, str], PairFit]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The images that lie one way and those that lie the other, the fewer first; None where all agree.

    Images that fit no other clearly, neither way, are on no side.
    """
    if not any(fit.is_mirrored for fit in fits.values()):
        return None
    clear = {pair: fit for pair, fit in fits.items() if fit.is_mirrored or fit.is_sound}
    side: dict[str, int] = {}
    for start in dict.fromkeys(itertools.chain.from_iterable(clear)):
        waiting = [] if start in side else [start]
        side.setdefault(start, 0)
        while waiting:
            here = waiting.pop()
            for pair in (pair for pair in clear if here in pair):
                there = pair[1] if pair[0] == here else pair[0]
                if there not in side:
                    side[there] = side[here] ^ int(clear[pair].is_mirrored)
                    waiting.append(there)
    sides = (tuple(role for role in side if side[role] == number) for number in (1, 0))
    fewer, more = sorted(sides, key=len)
    if not fewer:  # what fits mirrored contradicts what fits as it lies
        one, other = next(pair for pair, fit in fits.items() if fit.is_mirrored)
        return (one,), (other,)
    return fewer, more


def mirror_margins(shown: EdgeImages, anchor: Volume) -> dict[str, float]:
    """By role, the correlation of an image's edges with those of the others, less the same mirrored.

    Images that tell nothing, their two correlations less than `CLEAR_DIFFERENCE` apart, are left out.
    """
    if len(shown.edges) < 2:
        return {}
    inner, mirrored = _mirrored_edges(shown, anchor)
    margins = {}
    for role, one in shown.edges.items():
        as_it_lies = correlation(one, _sum_of_others(role, shown.edges, inner), inner)
        fits = [correlation(one, _sum_of_others(role, others, inner), inner) for others in mirrored]
        if not fits:
            continue
        turned = float(np.fmax.reduce(fits))  # NaN where neither can be judged
        if abs(as_it_lies - turned) >= CLEAR_DIFFERENCE:
            margins[role] = as_it_lies - turned
    return margins


def _mirrored_edges(shown: EdgeImages, anchor: Volume) -> tuple[Mask, list[dict[str, Image]]]:
    """Where edges are compared, and all of them mirrored, once at each plane that there is."""
    inner = ndimage.binary_erosion(shown.brain, np.ones((3, 3, 1)))  # its outline is the same on both sides
    return inner, [
        {
            role: resample(Volume(one, mirror @ shown.grid.affine), shown.grid).data
            for role, one in shown.edges.items()
        }
        for mirror in _mirrors(anchor, points_of(shown.brain, shown.grid.affine))
    ]


def _mirrors(anchor: Volume, points_mm: Float64Array) -> tuple[Float64Array, ...]:
    try:
        return (_mirror_of_grid(anchor), _mirror_of_brain(anchor, points_mm))
    except RegistrationError:
        return ()  # a brain that is not found in its own mirror image tells nothing of left and right


def _sum_of_others(role: str, edges: Mapping[str, Image], mask: Mask) -> Image:
    """Edges of all images but one, scaled to one spread; CBV and CBF, the faintest, are asked by nobody."""
    total = np.zeros(mask.shape)
    for other, one in edges.items():
        spread = float(one[mask].std()) if other not in (role, *_ASKED_BY_NOBODY) and mask.any() else 0.0
        if spread > 0:
            total += one / spread
    return total


def _mirror_of_grid(anchor: Volume) -> Float64Array:
    """Reflection of the world, (4, 4), RAS mm, at the middle of the grid: what a program does to a file."""
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    flip[0, 3] = anchor.shape[0] - 1.0
    mirror: Float64Array = anchor.affine @ flip @ np.linalg.inv(anchor.affine)
    return mirror


def _mirror_of_brain(anchor: Volume, points_mm: Float64Array) -> Float64Array:
    """Reflection of the world, (4, 4), RAS mm, that lays the anchor's brain onto its own mirror image.

    Args:
        anchor: an image.
        points_mm: (N, 3), its brain; the reflection is looked for from its middle.

    Raises:
        RegistrationError: the two do not fit.
    """
    reflection = np.diag([-1.0, 1.0, 1.0, 1.0])
    reflection[0, 3] = 2.0 * points_mm[:, 0].mean()
    found = registration.register_nearby(anchor.moved(reflection), registration.Target(anchor))
    return found.moved(reflection)
