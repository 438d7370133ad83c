"""Images that are mirrored left to right beside the others: no header tells, and a map of them is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError


def require_one_side(
    images: Mapping[Sequence, npt.NDArray[np.float32]],
    mask: npt.NDArray[np.bool_],
    grid: Grid,
    examination: Examination,
) -> None:
    """Refuse images of which some fit the others clearly better mirrored left to right.

    Args:
        images: (X, Y, Z) float32 each, on one grid, finite, lying on one another; one alone tells nothing.
        mask: (X, Y, Z) bool, brain.
        grid: where they lie, axes RAS.
        examination: whose images they are, for the labels.

    Raises:
        GridError: some are mirrored.
    """
    if len(images) < 2:
        return
    from cbvsynth.quality.left_right import pair_fits, two_sides

    fits = pair_fits({name.value: Volume(one, grid.affine) for name, one in images.items()}, mask, grid)
    sides = two_sides(fits)
    if sides is None:
        return
    fewer, more = sides
    apart = [fits.get((one, other), fits.get((other, one))) for one in fewer for other in more]
    worst = max((fit for fit in apart if fit and fit.is_mirrored), key=lambda fit: fit.mirrored)
    unclear = "" if len(fewer) < len(more) else " Which of the two it is, they do not tell."
    raise GridError(
        f"{examination.label(fewer[0])}{_listed(fewer[1:], ', ')} fits {_listed(more)} better mirrored left "
        f"to right: their edges agree by {worst.mirrored:.2f} mirrored, by {worst.as_they_lie:.2f} as they "
        f"lie. Look at the images side by side.{unclear} Convert it again from the scanner's files, leave it "
        f"out with --unusable {fewer[0]}, or say --register off where you know that it is right."
    )


def _listed(roles: tuple[str, ...], before: str = "") -> str:
    return before * bool(roles) + ", ".join(Sequence(role).label for role in roles)
