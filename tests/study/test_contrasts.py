"""Images that are given under each other's name, or with a moved zero."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Strength
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.faults import Fault
from cbvsynth.study.contrasts import contrast_warnings

Images = Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    return make_case(seed=5, patient=1, matrix=48)


@pytest.fixture(scope="module")
def images(case: PhantomCase) -> Images:
    return {name.value: image for name, image in case.images.items()}


def warnings(images: Images, mask: np.ndarray) -> tuple[str, ...]:
    named = {Sequence(role): np.asarray(values, np.float32) for role, values in images.items()}
    files = {name: PurePosixPath(f"{name}.nii") for name in named}
    return contrast_warnings(named, mask, Examination("e", "sub-1", "ses-1", files))


def exchanged(images: Images, one: str, other: str) -> Images:
    return {**images, one: images[other], other: images[one]}


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("t2", "flair", "T2 and T2-FLAIR"),
        ("t1", "t1c", "T1 and T1C"),
        ("t1", "t2", "T1 and T2"),
        ("t1c", "t2", "T1C and T2"),
    ],
)
def test_two_images_that_are_exchanged_are_told(
    case: PhantomCase, images: Images, one: str, other: str, names: str
) -> None:
    """T2 given as T2-FLAIR, and T1C as T1, went to the model without a word."""
    told = warnings(exchanged(images, one, other), case.brain)
    assert [text.startswith(f"sub-1/ses-1: {names} seem to be exchanged: ") for text in told] == [True]


@pytest.mark.parametrize("patient", [1, 2, 3])
def test_sound_images_say_nothing_in_noise_and_under_shading(patient: int) -> None:
    fault = Fault.LOW_SNR if patient == 2 else None
    case = make_case(seed=6, patient=patient, matrix=48, fault=fault, strength=Strength.FULL)
    shading = np.linspace(0.6, 1.6, 48)[:, np.newaxis, np.newaxis]
    images = {
        name.value: image * (shading if name is Sequence.T1 else 1.0) for name, image in case.images.items()
    }
    assert warnings(images, case.brain) == ()


@pytest.mark.parametrize("role", ["t1", "t1c"])
def test_two_kinds_of_t1_are_not_taken_for_each_other(case: PhantomCase, images: Images, role: str) -> None:
    """One with twice the contrast of the other, as a gradient echo after a spin echo has."""
    assert warnings({**images, role: images[role] ** 2}, case.brain) == ()


def test_one_image_given_twice_is_not_exchanged_with_itself(case: PhantomCase, images: Images) -> None:
    """T1 given as T1C, too, was called exchanged with it, beside the warning that the two are one."""
    assert warnings({**images, "t1c": images["t1"]}, case.brain) == ()


def test_a_zero_that_was_moved_is_told(case: PhantomCase, images: Images) -> None:
    """Z-scores over the whole image are above 0 in the brain, so that nothing told of them."""
    t1 = images["t1"]
    (told,) = warnings({**images, "t1": (t1 - t1.mean()) / t1.std()}, case.brain)
    assert told.startswith("sub-1/ses-1: T1 reaches far below 0 outside the brain")


def test_what_resampling_leaves_below_0_is_no_moved_zero(case: PhantomCase, images: Images) -> None:
    ringing = np.where(case.brain, images["t1"], -0.05 * np.median(images["t1"][case.brain]))
    assert warnings({**images, "t1": ringing}, case.brain) == ()


@pytest.mark.parametrize("value", [0.0, np.nan, -5.0])
def test_images_that_show_nothing_say_nothing(case: PhantomCase, images: Images, value: float) -> None:
    assert warnings({**images, "t2": np.full(case.brain.shape, value)}, case.brain) == ()


def test_a_mask_of_few_voxels_says_nothing(case: PhantomCase, images: Images) -> None:
    few = np.zeros_like(case.brain)
    few[20:24, 20:24, 3] = True
    assert warnings(exchanged(images, "t2", "flair"), few) == ()
