"""Where one image of a head lies in another: how well it is found, and what is refused."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration import RigidTransform, displacement_mm, points_of, register
from tests.registration.heads import affine_of, brain_image, case, motion, moved
from tests.tools import real_case


def error_mm(found: RigidTransform, truth: np.ndarray) -> float:
    """Mean distance, over the brain, between where a place was found and where it is."""
    drawn = case()
    points = points_of(drawn.brain, affine_of(drawn))
    return displacement_mm(RigidTransform(np.linalg.inv(truth) @ found.matrix), points)


@pytest.mark.parametrize("role", ["t2", "t1c", "flair", "adc", "cbv"])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "mask"])
def test_every_contrast_is_found_within_a_millimetre(role: str, masked: bool) -> None:  # noqa: FBT001
    truth = motion(len(role) + masked, 9.0, 9.0)
    mask = case().brain if masked else None
    found = register(moved(brain_image(role), truth), brain_image("t1"), mask=mask)
    assert error_mm(RigidTransform.identity(), truth) > 8.0
    assert error_mm(found, truth) < 1.0
    np.testing.assert_allclose(found.matrix[:3, :3] @ found.matrix[:3, :3].T, np.eye(3), atol=1e-9)


def test_images_in_place_are_found_there() -> None:
    found = register(brain_image("flair"), brain_image("t1"))
    assert error_mm(found, np.eye(4)) < 1.0


def test_the_same_images_give_the_same_bytes() -> None:
    moving = moved(brain_image("t2"), motion(3, 6.0, 5.0))
    first, second = (register(moving, brain_image("t1")).matrix for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_axes_in_any_order_are_found_alike() -> None:
    """Files come in LAS, LPS and as sagittal slices."""
    truth = motion(4, 7.0, 6.0)
    moving = moved(brain_image("t1c"), truth)
    turned = Volume(
        np.ascontiguousarray(moving.data[::-1].transpose(1, 2, 0)),
        moving.affine
        @ np.array([[0, 0, -1, moving.shape[0] - 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]]),
    )
    assert error_mm(register(turned, brain_image("t1")), truth) < 1.0


def constant() -> Volume:
    return Volume(np.full(case().brain.shape, 7.0), affine_of(case()))


def noise() -> Volume:
    return Volume(np.random.default_rng(0).normal(size=case().brain.shape), affine_of(case()))


@pytest.mark.parametrize(
    ("moving", "message"),
    [
        (constant(), r"moving image has one value everywhere \(7\)"),
        (noise(), "share .* nats of information"),
        (Volume(np.where(case().brain, np.nan, 1.0), affine_of(case())), "NaN or infinite"),
        (
            moved(brain_image("t2"), np.array([[1, 0, 0, 300.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])),
            "0%",
        ),
    ],
    ids=["constant", "noise", "nan", "elsewhere"],
)
def test_what_cannot_be_matched_is_refused_and_never_left_in_silence(moving: Volume, message: str) -> None:
    with pytest.raises(RegistrationError, match=message):
        register(moving, brain_image("t1"))


def test_a_slab_within_a_long_field_of_view_is_registered() -> None:
    """A CBV map of 10 cm was refused beside a sagittal T1 down to the neck, of which it shows 40 %."""
    head, truth = brain_image("t1"), motion(7, 8.0, 7.0)
    shape, neck = head.shape, head.shape[2]
    long = np.zeros((*shape[:2], shape[2] + neck), np.float32)
    long[:, :, neck:] = head.data
    affine = head.affine.copy()
    affine[:3, 3] -= neck * affine[:3, 2]
    low, high = shape[2] // 8, shape[2] - shape[2] // 8
    slab = Volume(brain_image("t2").data[:, :, low:high], brain_image("t2").affine.copy())
    slab.affine[:3, 3] += low * slab.affine[:3, 2]
    found = register(moved(slab, truth), Volume(long, affine))
    assert error_mm(found, truth) < 1.0


def test_a_match_too_far_off_is_not_believed() -> None:
    far = moved(brain_image("t1"), motion(5, 60.0, 0.0))
    with pytest.raises(RegistrationError):
        register(far, brain_image("t1"))


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(RegistrationError, match="mask is empty"):
        register(brain_image("t2"), brain_image("t1"), mask=np.zeros(case().brain.shape, bool))


@pytest.mark.slow
@pytest.mark.parametrize("role", ["t2", "t1c", "flair"])
def test_a_real_head_that_is_moved_farther_is_found_there(role: str) -> None:
    folder = real_case()
    images = {}
    for name in ("t1", role, "mask_of_t1c"):
        stored = nib.load(folder / f"{name}.nii.gz")
        images[name] = to_canonical(Volume(np.asarray(stored.dataobj, np.float32), stored.affine))
    points = points_of(images["mask_of_t1c"].data > 0, images["mask_of_t1c"].affine)
    own = register(images[role], images["t1"])
    further = motion(6, 6.0, 5.0)
    found = register(moved(images[role], further), images["t1"])
    difference = RigidTransform(np.linalg.inv(further @ own.matrix) @ found.matrix)
    assert 2.0 < displacement_mm(own, points) < 30.0
    assert displacement_mm(difference, points) < 1.0
