"""Which image a mask or a segmentation follows."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample, resample_labels
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.registration import RigidTransform
from cbvsynth.registration.drawn_on import followed_images, mask_beside
from tests.registration.heads import affine_of, brain_image, case, motion, moved

AWAY = motion(5, 6.0, 5.0)
STILL = RigidTransform.identity()


def outline(part: str, matrix: np.ndarray) -> Volume:
    """The brain or the lesion after a motion, on the grid that all images have."""
    labels = Volume((getattr(case(), part) > 0).astype(np.float32), matrix @ affine_of(case()))
    return resample_labels(labels, Grid.of(brain_image("t1")))


def follow(role: str, drawn: Volume, to_t1c: np.ndarray) -> tuple[str, tuple[str, ...]]:
    """T1 and T1C on one grid, the patient moved between them."""
    grid = Grid.of(brain_image("t1"))
    images = {"t1": brain_image("t1"), "t1c": resample(moved(brain_image("t1c"), to_t1c), grid)}
    files = {name: PurePosixPath(f"{name}.nii") for name in ("t1", "t1c", role)}
    inputs = {Sequence(name): files[name] for name in images}
    one = Examination("e", "sub-1", "ses-1", inputs, **{role: files[role]})
    transforms = {"t1": STILL, "t1c": RigidTransform(to_t1c)}
    followed, told = followed_images(one, images | {role: drawn}, images, transforms)
    return followed[role], told


@pytest.mark.parametrize(("role", "part"), [("mask", "brain"), ("seg", "lesion")])
@pytest.mark.parametrize(("on", "matrix"), [("t1", np.eye(4)), ("t1c", AWAY)])
def test_the_images_tell_which_of_two_on_one_grid_was_drawn_on(
    role: str, part: str, on: str, matrix: np.ndarray
) -> None:
    """A mask of T1C beside T1 and T1C of one grid went with T1, some millimetres beside the brain."""
    found, (told,) = follow(role, outline(part, matrix), AWAY)
    assert found == on
    assert (
        f"{role.upper()} is taken as drawn on {on.upper()} and follows it (it has the grid of T1, T1C)"
        in told
    )
    assert "from there it fits the images by" in told


def test_where_nothing_tells_the_order_does_and_the_warning_says_so() -> None:
    found, (told,) = follow("mask", outline("brain", np.eye(4)), motion(5, 0.05, 0.0))
    assert found == "t1"
    assert "it fits the images as well from T1C. Look at its outline" in told


def test_images_that_lie_at_one_place_leave_no_doubt() -> None:
    assert follow("mask", outline("brain", np.eye(4)), np.eye(4)) == ("t1", ())


@pytest.mark.parametrize("off_mm", [8, 16])
def test_a_mask_beside_the_brain_is_told(off_mm: int) -> None:
    """One of another examination, or one that was drawn on nothing that is here."""
    found, (told,) = follow("mask", outline("brain", motion(7, off_mm, 0.0)), np.eye(4))
    assert found == "t1"
    assert told == (
        f"sub-1/ses-1: MASK seems to lie beside the brain: {off_mm} mm away it would fit the images better "
        "(expected at most 4 mm). Look at its outline"
    )


def test_the_mask_of_one_image_alone_is_looked_at_too() -> None:
    one = Examination("e", "sub-1", "ses-1", {Sequence.T1: PurePosixPath("t1.nii")})
    image = brain_image("t1")
    assert mask_beside(one, outline("brain", np.eye(4)), image) == ()
    (told,) = mask_beside(one, outline("brain", motion(7, 8.0, 0.0)), image)
    assert "MASK seems to lie beside the brain: 8 mm away" in told


def test_a_mask_without_a_brain_is_told_elsewhere() -> None:
    """Its values are refused where it is used; here they must stop nothing."""
    wrong = Volume(np.full(case().brain.shape, -1.0, np.float32), affine_of(case()))
    assert follow("mask", wrong, AWAY)[0] == "t1"


def test_the_only_image_with_its_grid_is_followed() -> None:
    drawn = outline("brain", np.eye(4))
    images = {"t1": brain_image("t1"), "t1c": moved(brain_image("t1c"), AWAY)}
    files = {name: PurePosixPath(f"{name}.nii") for name in ("t1", "t1c", "mask")}
    one = Examination(
        "e", "sub-1", "ses-1", {Sequence(name): files[name] for name in images}, mask=files["mask"]
    )
    transforms = {"t1": STILL, "t1c": RigidTransform(AWAY)}
    assert followed_images(one, images | {"mask": drawn}, images, transforms) == ({"mask": "t1"}, ())
