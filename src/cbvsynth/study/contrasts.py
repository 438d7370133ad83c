"""Whether the contrast in the brain is that of the sequence an image is given as; warnings only.

A header does not say what an image shows, and a name may be wrong. What tells is how two images differ:
fluid is brighter on T2 than on T2-FLAIR, a contrast agent makes T1C brighter than T1 in vessels and lesions,
and T1C resembles T1 and not T2. Intensities of any scale and slow shading do not matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence

STANDARD = (Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR)
"""Sequences whose intensities have no unit."""
PLACES = 20_000
"""Voxels of the brain that are looked at."""
TAIL = 1.0
"""Per cent of the brain's voxels at which the two sides of a distribution are compared. Ours."""
EXCHANGED = 0.5
"""Brighter voxels reach this part or less of how far darker ones reach: the two images are exchanged. Chosen
here: of 19 sound phantoms and a real examination T2 over T2-FLAIR has 3.2 to 8.0 and T1C over T1 3.6 to 7.7;
exchanged, one over these."""
EXCHANGED_IN_TISSUE = 0.7
"""The same for T1C over T1 without fluid, which may differ between two kinds of T1: 1.6 to 8.3 if sound."""
SAME = 1e-3
"""Added to how far both sides reach, logarithms of a ratio: two images that are one are not exchanged."""
TISSUE = 0.7
"""What is darker on T1 than this part of the brain's median may be fluid."""
UNLIKE = 0.3
"""By so much T1C must correlate better with T1 than T2 does with one of them, or be told. Chosen here: sound
phantoms have 0.8 to 1.2, a real examination 1.0, exchanged ones as much below 0."""
BELOW = 0.1
"""An image reaches below 0 by this part of the brain's median: more than resampling leaves beside edges."""
BELOW_SHARE = 0.05
"""Share of all voxels so far below 0 that no rounding explains."""

Float64Array = npt.NDArray[np.float64]


def contrast_warnings(
    images: Mapping[Sequence, npt.NDArray[np.float32]], mask: npt.NDArray[np.bool_], examination: Examination
) -> tuple[str, ...]:
    """A sentence for each image whose zero was moved, and for each two that seem to be exchanged.

    Args:
        images: (X, Y, Z) float32 each, on one grid, not masked; only T1, T2, T1C and FLAIR are looked at.
        mask: (X, Y, Z) bool, brain.
        examination: whose images they are, for the labels.
    """
    brain = _Brain.of({name: images[name] for name in STANDARD if name in images}, mask)
    told = [
        f"{examination.label(name.value)} reaches far below 0 outside the brain; expected raw intensities, "
        "not z-scores: a moved zero changes the contrast. Give the image as it was scanned"
        for name, middle in brain.medians.items()
        if float(np.mean(images[name][::2, ::2] < -BELOW * middle)) > BELOW_SHARE
    ]
    return (*told, *(_sentence(examination, *pair) for pair in _exchanged(brain)))


@dataclass(frozen=True, eq=False)
class _Brain:
    """Places in the brain, and what images show there.

    shading: (N, 10) float64, a constant and everything up to squares of the place.
    values: by sequence (N,) float64, over the image's median, 0.05 and more; without what shows nothing.
    medians: by the same sequences, in the image's own unit.
    """

    shading: Float64Array
    values: Mapping[Sequence, Float64Array]
    medians: Mapping[Sequence, float]

    @classmethod
    def of(cls, images: Mapping[Sequence, npt.NDArray[np.float32]], mask: npt.NDArray[np.bool_]) -> _Brain:
        inner = np.flatnonzero(mask)
        inner = inner[:: max(1, inner.size // PLACES)]
        voxels = np.column_stack(np.unravel_index(inner, mask.shape))
        if len(voxels) < 1000:
            return cls(np.zeros((0, 10)), {}, {})
        x = (voxels - voxels.mean(axis=0)) / np.maximum(voxels.std(axis=0), 1.0)
        products = [
            x[:, one] * x[:, other] for one, other in itertools.combinations_with_replacement(range(3), 2)
        ]
        values, medians = {}, {}
        for name, image in images.items():
            inside = image[tuple(voxels.T)].astype(np.float64)
            middle = float(np.median(inside))
            if np.isfinite(inside).all() and middle > 0.0:
                values[name], medians[name] = np.maximum(inside / middle, 0.05), middle
        return cls(np.column_stack([np.ones(len(x)), x, *products]), values, medians)

    def has(self, *names: Sequence) -> bool:
        return all(name in self.values for name in names)

    def brighter(self, one: Sequence, other: Sequence, least: float = 0.0) -> float:
        """How far one image is brighter than the other where it is, over how far it is darker where it is.

        Both per cent of the voxels are compared with the middle, without slow shading.

        Args:
            one: a sequence that there is.
            other: another one.
            least: part of the median that both must have at a place.
        """
        shown = (self.values[one] > least) & (self.values[other] > least)
        if np.count_nonzero(shown) < 1000:
            return 1.0
        ratio = np.log(self.values[one][shown] / self.values[other][shown])
        shading = self.shading[shown]
        off = np.abs(ratio - np.median(ratio))
        usual = off <= np.percentile(off, 80.0)
        factors, *_ = np.linalg.lstsq(shading[usual], ratio[usual], rcond=None)
        low, middle, high = np.percentile(ratio - shading @ factors, [TAIL, 50.0, 100.0 - TAIL])
        return float((high - middle + SAME) / (middle - low + SAME))

    def correlation(self, one: Sequence, other: Sequence) -> float:
        first, second = (np.minimum(self.values[name], 3.0) for name in (one, other))
        if first.std() == 0.0 or second.std() == 0.0:
            return 0.0
        return float(np.corrcoef(first, second)[0, 1])


def _exchanged(brain: _Brain) -> list[tuple[Sequence, Sequence, str]]:
    """Each two sequences that seem to be exchanged, and what shows it."""
    t1, t2, t1c, flair = STANDARD
    found = []
    if brain.has(t1, t2, t1c):
        likeness, one, third = max(
            (brain.correlation(t2, third), one, third) for one, third in ((t1, t1c), (t1c, t1))
        )
        if likeness - brain.correlation(t1, t1c) > UNLIKE:
            shown = f"{third.label} resembles what is called {t2.label} more than {one.label}"
            found.append((one, t2, shown))
    if brain.has(t2, flair) and brain.brighter(t2, flair) <= EXCHANGED:
        found.append((t2, flair, f"fluid is darker on what is called {t2.label}"))
    if (
        brain.has(t1, t1c)
        and not found
        and brain.brighter(t1c, t1) <= EXCHANGED
        and brain.brighter(t1c, t1, TISSUE) <= EXCHANGED_IN_TISSUE
    ):
        found.append((t1, t1c, f"vessels or lesions are brighter on what is called {t1.label}"))
    return found


def _sentence(examination: Examination, one: Sequence, other: Sequence, shown: str) -> str:
    return (
        f"{examination.label(one.value)} and {other.label} seem to be exchanged: {shown}. Look at both, "
        "and give each its own name"
    )
