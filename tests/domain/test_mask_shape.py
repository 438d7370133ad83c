"""Whether a mask has the size and the shape of a brain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.mask_shape import MaskShape, doubts_about, head_of, measure_mask

AFFINE = np.diag([2.0, 2.0, 4.0, 1.0])
PLAUSIBLE = MaskShape(1400.0, 1.0, 0.0, 0.95, 140.0, 170.0, 0.0, 0.5)


def ellipsoid(half_mm=(68.0, 84.0, 62.0), shape=(100, 110, 50), centre=(0.0, 0.0, 0.0)):
    axes = [
        (np.arange(size) - (size - 1) / 2) * step - middle
        for size, step, middle in zip(shape, (2.0, 2.0, 4.0), centre, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return (x / half_mm[0]) ** 2 + (y / half_mm[1]) ** 2 + (z / half_mm[2]) ** 2 <= 1.0


def test_a_brain_is_measured_and_believed() -> None:
    shape = measure_mask(ellipsoid(), AFFINE)
    assert shape.volume_ml == pytest.approx(4 / 3 * np.pi * 6.8 * 8.4 * 6.2, rel=0.01)
    assert (shape.width_mm, shape.length_mm) == (pytest.approx(136, abs=8), pytest.approx(168, abs=8))
    assert shape.mirror_dice > 0.97
    assert (shape.largest_share, shape.hole_share, shape.side_share) == (1.0, 0.0, 0.0)
    assert doubts_about(shape) == ()


def test_a_turned_head_is_as_symmetric_as_a_straight_one() -> None:
    turn = np.deg2rad(10.0)
    turned = AFFINE.copy()
    turned[:2, :2] = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ AFFINE[:2, :2]
    mask = ellipsoid()
    mask[:50] &= ellipsoid(half_mm=(60.0, 84.0, 62.0))[:50]  # a little less on one side
    shape = measure_mask(mask, turned)
    assert shape.mirror_dice > 0.93
    assert doubts_about(shape) == ()


def test_a_brain_without_a_part_of_one_side_is_doubted() -> None:
    mask = ellipsoid()
    mask[:34] = False
    shape = measure_mask(mask, AFFINE)
    assert shape.mirror_dice < 0.9
    assert any("mirror" in doubt for doubt in doubts_about(shape))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda mask: mask.__setitem__((slice(0, 12), slice(0, 30), slice(0, 20)), True), "largest piece"),
        (lambda mask: mask.__setitem__((slice(38, 62), slice(40, 70), slice(20, 30)), False), "holes"),
        (lambda mask: mask.__setitem__((slice(0, 50), slice(45, 65), slice(17, 33)), True), "sides"),
    ],
)
def test_pieces_holes_and_what_reaches_the_side_are_doubted(change, words: str) -> None:
    mask = ellipsoid()
    change(mask)
    assert any(words in doubt for doubt in doubts_about(measure_mask(mask, AFFINE)))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("volume_ml", 300.0, 299.9),
        ("volume_ml", 2000.0, 2000.1),
        ("largest_share", 0.98, 0.979),
        ("hole_share", 0.02, 0.021),
        ("mirror_dice", 0.9, 0.899),
        ("width_mm", 95.0, 94.9),
        ("width_mm", 185.0, 185.1),
        ("length_mm", 120.0, 119.9),
        ("length_mm", 225.0, 225.1),
        ("side_share", 0.002, 0.0021),
        ("head_share", 0.15, 0.149),
        ("head_share", 0.75, 0.751),
    ],
)
def test_each_limit_is_the_last_value_that_is_believed(name: str, right: float, wrong: float) -> None:
    assert doubts_about(replace(PLAUSIBLE, **{name: right})) == ()
    assert len(doubts_about(replace(PLAUSIBLE, **{name: wrong}))) == 1


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0], ids=["nothing", "one value", "below 0"])
def test_an_image_without_contrast_shows_no_head(value: float) -> None:
    """NumPy's own error about slices of NaN was what a person read of an image below 0 beside a mask."""
    image = np.full((8, 8, 4), value, np.float32)
    image[0, 0, 0] *= 1.5
    assert not head_of(image).any()


def test_the_head_is_what_is_brighter_than_air() -> None:
    rng = np.random.default_rng(1)
    inside = ellipsoid(half_mm=(84.0, 100.0, 80.0))
    brain = ellipsoid()
    image = np.where(inside, 300.0, 5.0) + rng.normal(0, 4.0, inside.shape)
    image[ellipsoid(half_mm=(76.0, 92.0, 70.0)) & ~brain] = 20.0  # bone
    head = head_of(image.astype(np.float32))
    assert 2 * (head & inside).sum() / (head.sum() + inside.sum()) > 0.98
    shape = measure_mask(brain, AFFINE, image.astype(np.float32))
    assert shape.head_share == pytest.approx(brain.sum() / inside.sum(), abs=0.01)


def test_what_was_measured_is_said_in_words() -> None:
    assert PLAUSIBLE.words.startswith("1400 mL, 50% of the head, 140 mm wide, 170 mm long")
    assert "of the head" not in replace(PLAUSIBLE, head_share=0.0).words
