"""Which images lie mirrored to one another: any of a phantom's, one or several, prepared or registered."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.volume import Volume
from cbvsynth.quality.edges import edge_images
from cbvsynth.quality.left_right import CLEAR_DIFFERENCE, PairFit, mirror_margins, pair_fits, two_sides
from tests.registration.heads import brain_image, case

ROLES = ("t1", "t2", "t1c", "flair", "adc")
SOUND, MIRRORED, UNCLEAR = PairFit(0.6, 0.3), PairFit(0.2, 0.7), PairFit(0.4, 0.42)


def images(*turned: str, roles: tuple[str, ...] = ROLES) -> dict[str, Volume]:
    """A phantom's images, some stored left to right under the header of the others."""
    drawn = {role: brain_image(role) for role in roles}
    return {
        role: Volume(np.ascontiguousarray(one.data[::-1]), one.affine) if role in turned else one
        for role, one in drawn.items()
    }


def fits_of(volumes: Mapping[str, Volume]) -> dict[tuple[str, str], PairFit]:
    return pair_fits(volumes, case().brain, Grid.of(brain_image("t1")))


def test_every_two_sound_images_fit_better_as_they_lie() -> None:
    fits = fits_of(images())
    assert len(fits) == 10
    assert all(fit.is_sound and not fit.is_mirrored for fit in fits.values())
    assert two_sides(fits) is None


@pytest.mark.parametrize("turned", [("t1",), ("t1c",), ("adc",), ("t1c", "flair")], ids="+".join)
def test_the_images_that_were_turned_over_are_told(turned: tuple[str, ...]) -> None:
    sides = two_sides(fits_of(images(*turned)))
    assert sides is not None
    assert set(sides[0]) == set(turned)
    assert set(sides[1]) == set(ROLES) - set(turned)


def test_of_two_images_nothing_tells_which_was_turned_over() -> None:
    sides = two_sides(fits_of(images("t1c", roles=("t2", "t1c"))))
    assert sides is not None
    assert sorted(map(len, sides)) == [1, 1]


def test_an_image_that_somebody_registered_after_it_was_turned_over_is_told() -> None:
    """It lies on the brain's own mirror image then, not on that of the grid."""
    grid = Grid.of(brain_image("t1"))
    turned = images("t1c", roles=("t1", "t2", "t1c"))
    shift = grid.affine.copy()
    shift[0, 3] += (
        2.0 * (np.argwhere(case().brain)[:, 0].mean() - (grid.shape[0] - 1) / 2) * grid.spacing_mm[0]
    )
    turned["t1c"] = Volume(turned["t1c"].data, shift)
    assert two_sides(fits_of(turned)) == (("t1c",), ("t1", "t2"))


def test_one_image_and_noise_tell_nothing() -> None:
    rng = np.random.default_rng(2)
    noise = {
        role: Volume(rng.uniform(100, 900, case().brain.shape).astype(np.float32), brain_image("t1").affine)
        for role in ("t1", "t2", "flair")
    }
    assert two_sides(fits_of(noise)) is None
    assert fits_of(images(roles=("t1",))) == {}
    shown = edge_images(images(roles=("t1",)), brain_image("t1"), case().brain, Grid.of(brain_image("t1")))
    assert mirror_margins(shown, brain_image("t1")) == {}


@pytest.mark.parametrize(
    ("fits", "sides"),
    [
        ({("a", "b"): SOUND, ("a", "c"): UNCLEAR}, None),
        ({("a", "b"): MIRRORED, ("a", "c"): UNCLEAR, ("b", "c"): UNCLEAR}, (("b",), ("a",))),
        ({("a", "b"): SOUND, ("a", "c"): SOUND, ("b", "c"): MIRRORED}, (("b",), ("c",))),
        ({("a", "b"): MIRRORED, ("a", "c"): MIRRORED, ("c", "d"): SOUND}, (("a",), ("b", "c", "d"))),
    ],
    ids=["agree", "unclear is on no side", "contradictory", "by way of a third"],
)
def test_sides_follow_from_pairs(
    fits: dict[tuple[str, str], PairFit], sides: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> None:
    found = two_sides(fits)
    assert (found and tuple(map(tuple, map(sorted, found)))) == sides


@pytest.mark.parametrize(
    ("fit", "mirrored", "sound"),
    [
        (PairFit(0.3, 0.4 + 1e-9), True, False),
        (PairFit(0.3, 0.39), False, False),
        (PairFit(0.0, 0.29), False, False),
        (PairFit(0.35, 0.3 - 1e-9), False, True),
        (PairFit(0.34, 0.3), False, False),
    ],
)
def test_a_pair_is_judged_where_the_difference_is_clear(fit: PairFit, mirrored: bool, sound: bool) -> None:  # noqa: FBT001
    assert (fit.is_mirrored, fit.is_sound) == (mirrored, sound)
    assert CLEAR_DIFFERENCE == 0.05
