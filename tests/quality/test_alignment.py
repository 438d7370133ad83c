"""Displacement, edges, left and right: of a phantom, and of the same moved, mirrored or copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from cbvsynth.domain.geometry import Grid, to_canonical
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import RegistrationError
from cbvsynth.phantom.case import make_case
from cbvsynth.quality.alignment import anchor_of, compare, register_all
from cbvsynth.quality.left_right import CLEAR_DIFFERENCE
from cbvsynth.quality.limits import Limits

LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Head:
    """Images of one phantom by role, its brain and their grid."""

    images: Mapping[str, Volume]
    brain: npt.NDArray[np.bool_]
    grid: Grid

    def with_image(self, role: str, volume: Volume) -> dict[str, Volume]:
        return {**self.images, role: volume}


@pytest.fixture(scope="module")
def head() -> Head:
    case = make_case(seed=5, patient=2)
    affine = np.diag([*case.spacing_mm, 1.0])
    affine[:3, 3] = case.origin_mm
    images = {one.value: Volume(image.astype(np.float32), affine) for one, image in case.images.items()}
    images["cbv"] = Volume(case.cbv.astype(np.float32), affine)
    return Head(images, case.brain, Grid(case.brain.shape, affine))


def shifted(volume: Volume, shift_mm: tuple[float, float, float]) -> Volume:
    affine = volume.affine.copy()
    affine[:3, 3] += shift_mm
    return Volume(volume.data, affine)


def only(head: Head, *roles: str) -> dict[str, Volume]:
    return {role: head.images[role] for role in roles}


def labels(images: Mapping[str, Volume]) -> dict[str, str]:
    return {role: f"e1: {role}" for role in images}


class TestDisplacement:
    def test_images_that_lie_on_one_another_are_within_the_limit(self, head: Head) -> None:
        images = only(head, "t1", "t2", "cbv")
        found = compare(images, register_all(images, labels(images)), head.brain, head.grid)

        assert found.anchor == "t1"
        assert set(found.displacement_mm) == {"t2", "cbv"}
        assert max(found.displacement_mm.values()) < LIMITS.displacement_mm_max - 1.0

    @pytest.mark.parametrize(
        ("role", "shift_mm"), [("t1c", (6.0, 8.0, 0.0)), ("cbv", (3.75, 3.25, 0.0))], ids=["t1c", "cbv"]
    )
    def test_a_moved_image_is_found_in_millimetres(
        self, head: Head, role: str, shift_mm: tuple[float, float, float]
    ) -> None:
        """T1C moved by 10 mm, and CBV by 5, passed every check."""
        images = {"t1": head.images["t1"], role: shifted(head.images[role], shift_mm)}
        found = compare(images, register_all(images, labels(images)), head.brain, head.grid)

        assert found.displacement_mm[role] == pytest.approx(np.linalg.norm(shift_mm), abs=1.5)
        assert found.displacement_mm[role] > LIMITS.displacement_mm_max

    def test_an_image_that_cannot_be_laid_on_the_others_is_called_by_its_label(self, head: Head) -> None:
        flat = Volume(np.ones_like(head.images["t2"].data), head.grid.affine)

        with pytest.raises(RegistrationError, match="e1: t2 cannot be laid on e1: t1"):
            register_all({"t1": head.images["t1"], "t2": flat}, labels(head.images))

    def test_the_first_sequence_is_the_anchor(self, head: Head) -> None:
        assert anchor_of(head.images) == "t1"
        assert anchor_of(only(head, "cbv", "flair", "t1c")) == "t1c"


class TestSameFileTwice:
    def test_a_copy_that_was_moved_is_still_a_copy(self, head: Head) -> None:
        """Moving T1C hid that it was T1: the correlation was taken where the headers put the two."""
        turn = np.deg2rad(5.0)
        pose = np.eye(4)
        pose[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        pose[:3, 3] = (6.0, -8.0, 0.0)
        copy = Volume(head.images["t1"].data, pose @ head.grid.affine)
        images = {"t1": head.images["t1"], "t1c": copy}
        as_placed = resample(copy, head.grid).data[head.brain]

        found = compare(images, register_all(images, labels(images)), head.brain, head.grid)

        assert found.anchor_correlation["t1c"] > LIMITS.t1c_t1_correlation_max - 0.01
        assert np.corrcoef(as_placed, images["t1"].data[head.brain])[0, 1] < 0.9

    def test_t1c_itself_is_far_from_a_copy(self, head: Head) -> None:
        found = compare(only(head, "t1", "t1c"), {}, head.brain, head.grid)

        assert found.anchor_correlation["t1c"] < 0.9


class TestLaterality:
    def test_images_as_they_are_fit_better_than_mirrored(self, head: Head) -> None:
        found = compare(head.images, {}, head.brain, head.grid)

        assert set(found.mirror_margin) == set(head.images)
        assert min(found.mirror_margin.values()) > CLEAR_DIFFERENCE

    @pytest.mark.parametrize("role", ["cbv", "t2"])
    def test_a_mirrored_image_is_told_from_the_others(self, head: Head, role: str) -> None:
        """A map that its maker had mirrored passed every check and taught mirrored perfusion."""
        volume = head.images[role]
        mirrored = Volume(np.ascontiguousarray(volume.data[::-1]), volume.affine)

        found = compare(head.with_image(role, mirrored), {}, head.brain, head.grid)

        assert found.mirror_margin[role] < LIMITS.laterality_min - CLEAR_DIFFERENCE
        assert min(found.mirror_margin, key=lambda one: found.mirror_margin[one]) == role

    def test_a_symmetric_head_tells_nothing(self, head: Head) -> None:
        images = {
            role: Volume((volume.data + volume.data[::-1]) / 2, volume.affine)
            for role, volume in only(head, "t1", "t2").items()
        }

        assert compare(images, {}, head.brain, head.grid).mirror_margin == {}


class TestEdges:
    def test_blurred_edges_agree_less(self, head: Head) -> None:
        rng = np.random.default_rng(0)
        noisy = Volume(rng.normal(size=head.brain.shape).astype(np.float32), head.grid.affine)
        images = only(head, "t1", "t2", "flair")

        sound = compare(images, {}, head.brain, head.grid).edge_agreement
        damaged = compare({**images, "flair": noisy}, {}, head.brain, head.grid).edge_agreement

        assert min(sound.values()) > 0.6
        assert damaged["flair"] < LIMITS.edge_agreement_min
        assert damaged["t1"] > 0.6  # its best partner is T2, which is as it was

    def test_adc_and_cbv_are_not_asked(self, head: Head) -> None:
        assert set(compare(head.images, {}, head.brain, head.grid).edge_agreement) == {
            one.value for one in Mri if one not in (Mri.ADC, Mri.ASL)
        }

    def test_one_image_alone_has_nothing_to_compare(self, head: Head) -> None:
        found = compare(only(head, "t1"), {}, head.brain, head.grid)

        assert (found.edge_agreement, found.mirror_margin, found.displacement_mm) == ({}, {}, {})

    def test_other_axes_and_finer_voxels_are_compared_alike(self, head: Head) -> None:
        images = only(head, "t1", "t2")
        fine = {role: to_canonical(volume) for role, volume in images.items()}
        affine = head.grid.affine.copy()
        affine[:3, :2] /= 2
        affine[:2, 3] -= np.diag(affine)[:2] / 2
        doubled = {
            role: Volume(np.repeat(np.repeat(one.data, 2, axis=0), 2, axis=1), affine)
            for role, one in fine.items()
        }

        before = compare(images, {}, head.brain, head.grid).edge_agreement["t2"]
        after = compare(doubled, {}, head.brain, head.grid).edge_agreement["t2"]

        assert after == pytest.approx(before, abs=0.05)
