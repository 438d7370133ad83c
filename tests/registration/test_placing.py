"""Where the images of an examination are moved to, and which are left alone."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import pytest
import scipy

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.options import Register
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.registration import RigidTransform, displacement_mm, place_images, points_of
from cbvsynth.registration.placing import is_raw
from cbvsynth.study.aligned import align
from tests.registration.heads import affine_of, brain_image, case, motion, moved

MOTION = motion(1, 8.0, 6.0)


def mask() -> Volume:
    return Volume(case().brain.astype(np.float32), affine_of(case()))


def examination(stored: dict[str, Volume]) -> Examination:
    paths = {role: PurePosixPath(f"{role}.nii") for role in stored}
    inputs = {Sequence(role): path for role, path in paths.items() if role in set(Sequence)}
    rest = {role: paths.get(role) for role in ("cbv", "mask", "seg")}
    return Examination("e", "sub-1", "ses-1", inputs, **rest)


def whole(role: str) -> Volume:
    return Volume(case().images[Sequence(role)].astype(np.float32), affine_of(case()))


def head(role: str) -> Volume:
    """The same with a scalp around it, 7 to 14 mm off the brain."""
    brain, in_plane = case().brain, np.ones((3, 3, 1), bool)
    outer, inner = (scipy.ndimage.binary_dilation(brain, in_plane, iterations=count) for count in (4, 2))
    volume = whole(role)
    volume.data[outer & ~inner] = 0.7 * volume.data[brain].max()
    return volume


def in_noise(role: str) -> Volume:
    """A brain without its skull, with the noise of a scanner around it."""
    brain = brain_image(role)
    noise = np.random.default_rng(5).normal(0.0, 0.02 * brain.data.max(), (2, *brain.shape))
    return Volume(np.hypot(brain.data + noise[0], noise[1]).astype(np.float32), brain.affine)


def without_air(role: str) -> Volume:
    """A skull-stripped image whose background holds no numbers."""
    brain = brain_image(role)
    return Volume(np.where(case().brain, brain.data, np.float32(np.nan)), brain.affine)


def error_mm(found: np.ndarray, expected: np.ndarray) -> float:
    points = points_of(case().brain, affine_of(case()))
    return displacement_mm(RigidTransform(np.linalg.inv(expected) @ found), points)


@pytest.mark.parametrize(
    ("stored", "raw"),
    [
        ({"t1": brain_image("t1"), "t2": brain_image("t2")}, False),
        ({"t1": without_air("t1"), "t2": without_air("t2")}, False),
        ({"t1": whole("t1"), "t2": whole("t2")}, True),
        ({"t1": head("t1"), "t2": head("t2"), "mask": mask()}, True),
        ({"t1": brain_image("t1"), "t2": whole("t2"), "mask": mask()}, False),
        ({"t1": in_noise("t1"), "t2": in_noise("t2"), "mask": mask()}, False),
        ({"t1": brain_image("t1"), "t2": moved(brain_image("t2"), MOTION)}, True),
        ({"t1": whole("t1")}, False),
    ],
    ids=[
        "stripped",
        "stripped without numbers around",
        "head",
        "head and mask",
        "stripped and mask",
        "brain in noise and mask",
        "apart",
        "alone",
    ],
)
def test_images_on_one_grid_whose_brain_is_known_were_prepared(stored: dict[str, Volume], raw: bool) -> None:  # noqa: FBT001
    """With NaN for background they were registered to one another, though somebody had done so."""
    assert is_raw(stored) is raw
    if not raw:
        placing = place_images(examination(stored), stored, "t1", Register.RIGID)
        assert (placing.moves, placing.displacements_mm, placing.warnings) == ({}, {}, ())


def test_a_raw_image_goes_where_t1_is_and_all_is_told() -> None:
    """T1C and FLAIR 10 mm off passed every check; the champion fell below the per-tissue mean."""
    stored = {"t1": brain_image("t1"), "t2": brain_image("t2"), "t1c": moved(brain_image("t1c"), MOTION)}
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert (placing.fixed, placing.moved) == ("t1", ("t1c",))
    assert placing.displacements_mm["t2"] < 1.0
    truth = displacement_mm(RigidTransform(MOTION), points_of(case().brain, affine_of(case())))
    assert placing.displacements_mm["t1c"] == pytest.approx(truth, abs=1.5)
    assert set(placing.moves) == {"t1c"}
    assert error_mm(placing.moves["t1c"], np.linalg.inv(MOTION)) < 1.0
    (warning,) = placing.warnings
    assert warning.startswith("sub-1/ses-1: T1C lay ")
    assert "off T1 and was moved into place" in warning


def test_the_others_come_to_a_map_that_lies_apart_and_it_stays() -> None:
    """CBV is the target and is never interpolated, whatever it was registered to."""
    stored = {
        "t1": brain_image("t1"),
        "t2": brain_image("t2"),
        "cbv": moved(brain_image("cbv"), MOTION),
        "mask": mask(),
    }
    one = examination(stored)
    placing = place_images(one, stored, "cbv", Register.RIGID)
    assert set(placing.moves) == {"t1", "t2", "mask"}
    for role in ("t1", "t2", "mask"):
        assert error_mm(placing.moves[role], MOTION) < 1.0
    aligned = align(one, stored, "cbv", placing.moves)
    np.testing.assert_array_equal(aligned.cbv, stored["cbv"].data)
    assert float(np.mean(aligned.mask == case().brain)) > 0.97


def test_a_move_and_the_resampling_are_one_interpolation() -> None:
    stored = {"t1": brain_image("t1"), "t1c": moved(brain_image("t1c"), MOTION)}
    aligned = align(examination(stored), stored, "t1", {"t1c": np.linalg.inv(MOTION)})
    np.testing.assert_allclose(aligned.inputs[Sequence.T1C], brain_image("t1c").data, rtol=1e-5, atol=1e-3)
    other = motion(9, 3.0, 4.0)
    once = align(examination(stored), stored, "t1", {"t1c": other})
    oracle = resample(moved(stored["t1c"], other), Grid.of(stored["t1"]))
    np.testing.assert_array_equal(once.inputs[Sequence.T1C], oracle.data)


def test_a_segmentation_follows_the_image_it_was_drawn_on() -> None:
    lesion = Volume(case().lesion.astype(np.float32), affine_of(case()))
    stored = {
        "t1": brain_image("t1"),
        "t1c": moved(brain_image("t1c"), MOTION),
        "seg": moved(lesion, MOTION),
        "mask": mask(),
    }
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert set(placing.moves) == {"t1c", "seg"}
    np.testing.assert_array_equal(placing.moves["seg"], placing.moves["t1c"])


def test_heads_on_one_grid_with_a_mask_are_moved_where_the_patient_moved() -> None:
    """A mask beside them made them prepared images: they were used 8 mm apart without a word."""
    on_one_grid = resample(moved(head("t1c"), MOTION), Grid.of(head("t1")))
    stored = {"t1": head("t1"), "t1c": on_one_grid, "mask": mask()}
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert set(placing.moves) == {"t1c"}
    assert error_mm(placing.moves["t1c"], np.linalg.inv(MOTION)) < 1.0
    moving, following = placing.warnings
    assert "T1C lay " in moving
    assert "MASK is taken as drawn on T1 " in following


def test_heads_on_one_grid_with_a_mask_keep_what_may_be_the_searchs_own_error() -> None:
    shifted = resample(moved(head("t2"), motion(2, 2.0, 0.0)), Grid.of(head("t1")))
    stored = {"t1": head("t1"), "t2": shifted, "mask": mask()}
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert placing.displacements_mm["t2"] > 1.0
    assert (placing.moves, placing.warnings) == ({}, ())


def test_an_image_off_by_less_than_the_search_can_tell_stays_bit_for_bit() -> None:
    """A move by a tenth of a millimetre blurs the image and mends nothing."""
    stored = {"t1": whole("t1"), "t2": whole("t2")}
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert placing.displacements_mm["t2"] < 1.0
    assert (placing.moves, placing.moved, placing.warnings) == ({}, (), ())


def test_check_measures_and_warns_but_moves_nothing() -> None:
    stored = {"t1": brain_image("t1"), "t2": moved(brain_image("t2"), motion(2, 2.0, 0.0))}
    placing = place_images(examination(stored), stored, "t1", Register.CHECK)
    assert placing.displacements_mm["t2"] == pytest.approx(2.0, abs=0.7)
    assert placing.moves == {}
    (warning,) = placing.warnings
    assert "T2 lies" in warning
    assert "off T1 and was left there" in warning


def test_check_refuses_what_is_far_off() -> None:
    stored = {"t1": brain_image("t1"), "t2": moved(brain_image("t2"), motion(2, 9.0, 0.0))}
    with pytest.raises(RegistrationError, match=r"sub-1/ses-1: T2 lies .* mm off T1; expected at most 3 mm"):
        place_images(examination(stored), stored, "t1", Register.CHECK)


def test_off_measures_nothing() -> None:
    stored = {"t1": brain_image("t1"), "t2": moved(brain_image("t2"), MOTION)}
    placing = place_images(examination(stored), stored, "t1", Register.OFF)
    assert (placing.fixed, placing.displacements_mm, placing.moves) == ("", {}, {})


def test_an_image_that_cannot_be_registered_stops_the_examination_by_name() -> None:
    flat = Volume(np.full(case().brain.shape, 5.0), MOTION @ affine_of(case()))
    stored = {"t1": brain_image("t1"), "flair": flat}
    one = examination(stored)
    with pytest.raises(RegistrationError, match=r"T2-FLAIR: it could not be registered to T1: .*one value"):
        place_images(one, stored, "t1", Register.RIGID)
    placing = place_images(one, stored, "t1", Register.CHECK)
    assert any("could not be registered" in warning for warning in placing.warnings)


def test_on_one_grid_with_a_mask_an_image_that_cannot_be_registered_is_told_and_stays() -> None:
    """Somebody may have aligned such heads: one image without contrast stopped the whole examination."""
    flat = Volume(np.full(head("t1").shape, 5.0), head("t1").affine)
    stored = {"t1": head("t1"), "flair": flat, "mask": mask()}
    placing = place_images(examination(stored), stored, "t1", Register.RIGID)
    assert (placing.moves, placing.moved) == ({}, ())
    (warning,) = placing.warnings
    assert "T2-FLAIR: it could not be registered to T1: " in warning
    assert "stays where it is" in warning
