"""Images that show a part of the brain only."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from cbvsynth.client.coverage import short_of_brain
from cbvsynth.client.preparation import prepare
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from tests.client.heads import write
from tests.registration.heads import brain_image, case

EXAMINATION = Examination("input", "input", "", {}, mask=PurePosixPath("mask.nii"))


def slab(volume: Volume, slices: int) -> Volume:
    """The lowest slices of an image."""
    return Volume(np.ascontiguousarray(volume.data[:, :, :slices]), volume.affine)


def images() -> dict[str, Volume]:
    mask = Volume(case().brain.astype(np.float32), brain_image("t1").affine)
    return {"t1": brain_image("t1"), "flair": slab(brain_image("flair"), 8), "mask": mask}


def test_an_image_of_a_part_of_the_brain_is_named_with_its_share() -> None:
    (short,) = short_of_brain(EXAMINATION, images(), {}, "t1").items()
    assert short[0] is Sequence.FLAIR
    assert short[1].endswith("of the brain; expected at least 95%")


def test_where_it_was_moved_to_counts() -> None:
    far = np.eye(4)
    far[2, 3] = 60.0
    stored = {**images(), "flair": brain_image("flair")}
    assert short_of_brain(EXAMINATION, stored, {}, "t1") == {}
    assert list(short_of_brain(EXAMINATION, stored, {"flair": far}, "t1")) == [Sequence.FLAIR]


@pytest.mark.parametrize(("without", "reference"), [("mask", "t1"), ("", "flair")])
def test_the_reference_is_not_judged_nor_anything_without_a_mask(without: str, reference: str) -> None:
    stored = {role: volume for role, volume in images().items() if role != without}
    assert short_of_brain(EXAMINATION, stored, {}, reference) == {}


def test_a_slab_is_left_out_and_the_other_images_go_on(tmp_path: Path) -> None:
    """One FLAIR without the vertex ended the prediction, whether a model needed FLAIR or not."""
    files = {}
    for role, volume in images().items():
        files[role] = str(write(tmp_path / f"{role}.nii.gz", volume.data, volume.affine))
    mask = files.pop("mask")

    prepared = prepare(files, mask=mask)

    assert list(prepared.inputs) == [Sequence.T1]
    assert "of the brain; expected at least 95%" in prepared.left_out[Sequence.FLAIR]
