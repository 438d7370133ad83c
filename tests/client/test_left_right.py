"""`predict` and images that are stored left to right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.client.preparation import prepare
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import GridError
from tests.client.heads import write
from tests.registration.heads import brain_image, motion


def head(folder: Path, roles: str, turned: str = "", apart: str = "") -> dict[str, str]:
    """Files of a phantom's brain: one image turned over under its header, another one moved."""
    files = {}
    for role in roles.split():
        one = brain_image(role)
        affine = motion(3, 6.0, 4.0) @ one.affine if role == apart else one.affine
        voxels = one.data[::-1] if role == turned else one.data
        files[role] = str(write(folder / f"{role}.nii.gz", voxels, affine))
    return files


@pytest.mark.parametrize("apart", ["", "t1c"], ids=["prepared", "raw"])
def test_a_mirrored_image_is_refused_with_a_way_out(tmp_path: Path, apart: str) -> None:
    """A mirrored T1C was sent to the model without a word: its outline is the same."""
    files = head(tmp_path, "t1 t2 t1c", "t1c", apart)
    with pytest.raises(
        GridError,
        match=r"input: T1C fits T1, T2 better mirrored left to right: their edges agree by 0\.\d\d mirrored, "
        r"by 0\.\d\d as they lie.*--unusable t1c",
    ):
        prepare(files)
    assert list(prepare(files, unusable=("t1c",)).inputs) == [Sequence.T1, Sequence.T2]


def test_of_two_images_both_are_named(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="Which of the two it is, they do not tell"):
        prepare(head(tmp_path, "t1 t1c", "t1"))


def test_who_says_that_the_headers_are_right_is_believed(tmp_path: Path) -> None:
    assert len(prepare(head(tmp_path, "t1 t2 t1c", "t1c"), register="off").inputs) == 3


def test_sound_images_are_not_doubted(tmp_path: Path) -> None:
    prepared = prepare(head(tmp_path, "t1 t2 t1c flair adc"))
    assert len(prepared.inputs) == 5
    assert prepared.warnings == ()


def test_arrays_are_asked_where_their_voxels_are_known() -> None:
    """Without a size of the voxels nothing says how far edges lie apart."""
    images = {role: brain_image(role) for role in ("t1", "t1c")}
    arrays = {role: one.data for role, one in images.items()}
    turned = {**arrays, "t1c": np.ascontiguousarray(arrays["t1c"][::-1])}
    spacing_mm = images["t1"].spacing_mm
    assert len(prepare(arrays, spacing_mm=spacing_mm).inputs) == 2
    with pytest.raises(GridError, match="better mirrored"):
        prepare(turned, spacing_mm=spacing_mm)
    assert len(prepare(turned).inputs) == 2
