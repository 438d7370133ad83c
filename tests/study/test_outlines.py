"""Skull-stripped images on one grid of which one lies elsewhere."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence
from cbvsynth.study.outlines import outline_warnings

SHAPE, SPACING_MM = (64, 72, 12), (3.0, 3.0, 12.0)


def brain() -> np.ndarray:
    """An egg of 140 x 170 x 110 mm, narrower in front and below."""
    x, y, z = (
        (np.arange(size) - (size - 1) / 2) * step for size, step in zip(SHAPE, SPACING_MM, strict=True)
    )
    x, y, z = np.meshgrid(x, y, z, indexing="ij")
    width = 70.0 * (1.0 - y / 400.0) * (1.0 + z / 250.0)
    return np.asarray((x / width) ** 2 + (y / 85.0) ** 2 + (z / 55.0) ** 2 < 1.0)


def warnings(images: dict[str, np.ndarray], mask: np.ndarray) -> tuple[str, ...]:
    named = {Sequence(role): np.asarray(values, np.float32) for role, values in images.items()}
    files = {name: PurePosixPath(f"{name}.nii") for name in named}
    return outline_warnings(named, mask, SPACING_MM, Examination("e", "sub-1", "ses-1", files))


def tissue(seed: int) -> np.ndarray:
    return np.where(brain(), np.random.default_rng(seed).uniform(100.0, 900.0, SHAPE), 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        np.roll(tissue(1), 3, axis=1),
        np.roll(tissue(1), -3, axis=0),
        tissue(1)[:, ::-1],
        tissue(1)[:, :, ::-1],
    ],
    ids=["9 mm to the front", "9 mm to the left", "back to front", "upside down"],
)
def test_a_brain_that_lies_elsewhere_is_told(wrong: np.ndarray) -> None:
    """Images on one grid were sent to the model as they are, 9 mm apart or upside down, without a word."""
    (told,) = warnings({"t1": tissue(0), "t1c": wrong}, brain())
    assert "sub-1/ses-1: T1C is not 0 elsewhere than the brain mask (overlap 0.9" in told


def test_a_mask_that_lies_elsewhere_is_told_of_every_image() -> None:
    told = warnings({"t1": tissue(0), "t1c": tissue(1)}, np.roll(brain(), 5, axis=1))
    assert ["T1 is" in told[0], "T1C is" in told[1]] == [True, True]


def test_a_mask_that_was_derived_from_both_hides_neither() -> None:
    other = np.roll(tissue(1), 3, axis=1)
    (told,) = warnings({"t1": tissue(0), "t1c": other}, brain() | (other != 0.0))
    assert "T1C is not 0 elsewhere than T1 (" in told


def test_one_brain_in_one_place_is_no_news_and_heads_with_their_skull_tell_nothing() -> None:
    head = np.random.default_rng(2).uniform(1.0, 900.0, SHAPE)
    dotted = np.where(np.random.default_rng(3).random(SHAPE) < 0.02, 0.0, tissue(4))
    assert warnings({"t1": tissue(0), "t2": dotted, "t1c": tissue(1), "flair": head}, brain()) == ()


def test_holes_of_metal_in_adc_are_no_shift_and_a_shift_is_one() -> None:
    """ADC that metal left empty in a sixth of the brain was told twice: its zeros are counted elsewhere."""
    holes = tissue(1)
    holes[20:30, 30:40, 2:10] = 0.0
    assert warnings({"t1": tissue(0), "adc": holes}, brain()) == ()
    (told,) = warnings({"t1": tissue(0), "adc": np.roll(holes, 3, axis=1)}, brain())
    assert "ADC is not 0 elsewhere than the brain mask" in told


@pytest.mark.parametrize(("voxels", "told"), [(0, 0), (3, 1)])
def test_a_mask_beside_a_brain_in_noise_is_told(voxels: int, told: int) -> None:
    """What shows a brain but is nowhere 0 was compared with nothing."""
    rng = np.random.default_rng(5)
    noisy = np.hypot(tissue(0) + rng.normal(0.0, 15.0, SHAPE), rng.normal(0.0, 15.0, SHAPE))
    found = warnings({"t1": noisy}, np.roll(brain(), voxels, axis=1))
    assert len(found) == told
    assert all("T1 is bright elsewhere than in the brain mask (overlap 0.9" in one for one in found)


def test_a_head_is_bright_elsewhere_than_in_its_brain() -> None:
    rng = np.random.default_rng(6)
    scalp = np.hypot(tissue(0) + 400.0 * (np.roll(brain(), 6, 1) | np.roll(brain(), -6, 1)), 0.0)
    noisy = np.hypot(scalp + rng.normal(0.0, 15.0, SHAPE), rng.normal(0.0, 15.0, SHAPE))
    inner = brain() & np.roll(brain(), 6, 0) & np.roll(brain(), -6, 0)
    assert warnings({"t1": noisy}, inner) == ()
