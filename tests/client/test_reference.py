"""The image that a map is made on, and what is said of slices that are not axial."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.client.reference import reference_of, slices_of
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import UsageError

EXAMINATION = Examination("input", "input", "", {})
AXIAL, SAGITTAL, CORONAL, VOLUME = (0.9, 0.9, 6.0), (6.0, 0.9, 0.9), (0.9, 6.0, 0.9), (1.0, 1.0, 1.4)


def grid(spacing_mm: tuple[float, float, float]) -> Grid:
    return Grid((64, 64, 64), np.diag([*spacing_mm, 1.0]))


def chosen(
    wanted: str = "", preferred: str = "", **spacings: tuple[float, float, float]
) -> tuple[str, tuple[str, ...]]:
    grids = {role: grid(spacing_mm) for role, spacing_mm in spacings.items()}
    return reference_of(EXAMINATION, [Sequence(role) for role in spacings], grids, wanted, preferred)


@pytest.mark.parametrize("spacing_mm", [AXIAL, VOLUME])
def test_the_first_image_counts_where_its_slices_are_axial(spacing_mm: tuple[float, float, float]) -> None:
    assert chosen(t1=spacing_mm, t2=AXIAL) == ("t1", ())


def test_sagittal_slices_give_way_to_axial_ones_and_that_is_said() -> None:
    """A map was made on 22 sagittal slices of T1, as no model has seen, with a remark on voxels along H."""
    role, (told,) = chosen(t1=SAGITTAL, t2=AXIAL)
    assert role == "t2"
    words = "input: T1 has slices from left to right (6 x 0.9 x 0.9 mm): the map is made on the grid of T2"
    assert told.startswith(words)


def test_who_asks_for_other_slices_gets_them_with_a_warning() -> None:
    role, (told,) = chosen("t1c", t1=AXIAL, t1c=CORONAL)
    assert role == "t1c"
    assert "T1C has slices from back to front" in told
    assert told.endswith("--reference t1 has axial ones")


def test_without_axial_slices_the_first_image_counts_with_a_warning() -> None:
    role, (told,) = chosen(t1=SAGITTAL, flair=CORONAL)
    assert role == "t1"
    assert "T1 has slices from left to right" in told
    assert "--reference" not in told


def test_an_image_that_is_not_usable_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the reference is 't2'.*\(t1\)"):
        chosen("t2", t1=AXIAL)


def test_what_is_preferred_counts_where_it_is_usable_and_nobody_asks() -> None:
    """T1C was insisted on for DICOM: one that could not serve stopped the others."""
    assert chosen(preferred="t1c", t1=AXIAL, t1c=AXIAL) == ("t1c", ())
    assert chosen(preferred="t1c", t1=AXIAL, t2=AXIAL) == ("t1", ())
    assert chosen("t1", preferred="t1c", t1=AXIAL, t1c=AXIAL) == ("t1", ())


def test_slices_are_told_by_where_they_lie_not_by_the_order_of_axes() -> None:
    """A sagittal series stores its slices last, as an axial one does."""
    affine = np.zeros((4, 4))
    affine[0, 2], affine[1, 0], affine[2, 1], affine[3, 3] = 6.0, 0.9, 0.9, 1.0
    assert slices_of(Grid((64, 64, 22), affine)) == "from left to right (6 x 0.9 x 0.9 mm)"
