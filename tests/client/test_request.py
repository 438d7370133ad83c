"""What can be sent to a model: the rules by which an image serves, from a file or an array."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.client.request import NOT_GIVEN, keep_usable, require_a_sequence, require_brain, without_label
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import VolumeError
from tests.client.heads import SHAPE, brain, image

EXAMINATION = Examination("sub-1", "sub-1", "", {})


def test_images_are_cut_to_the_brain_and_adc_is_brought_to_its_unit() -> None:
    images = {Sequence.T1: image("t1") + 7, Sequence.ADC: image("adc") / np.float32(1000)}
    prepared = keep_usable(images, brain(), EXAMINATION, {Sequence.T2: NOT_GIVEN})
    assert list(prepared.inputs) == [Sequence.T1, Sequence.ADC]
    assert prepared.adc_unit == "1e-3 mm2/s"
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1], np.where(brain(), images[Sequence.T1], 0))
    np.testing.assert_allclose(prepared.inputs[Sequence.ADC], image("adc"), rtol=1e-6)
    assert dict(prepared.left_out) == {Sequence.T2: NOT_GIVEN}


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.0, "every voxel is 0"), (5.0, "every voxel is 5"), (-3.0, "every voxel is -3")],
)
def test_an_image_that_says_nothing_in_the_brain_is_left_out(value: float, reason: str) -> None:
    flat = np.full(SHAPE, value, np.float32)
    prepared = keep_usable({Sequence.T1: image("t1"), Sequence.T2: flat}, brain(), EXAMINATION, {})
    assert list(prepared.inputs) == [Sequence.T1]
    assert reason in prepared.left_out[Sequence.T2]


def test_z_scores_below_zero_are_no_intensities() -> None:
    low = np.where(brain(), image("t1") - 2000, 0).astype(np.float32)
    with pytest.raises(VolumeError, match=r"no sequence is usable \(T1: no positive voxel in the brain"):
        keep_usable({Sequence.T1: low}, brain(), EXAMINATION, {})


def test_too_few_voxels_in_plane_are_refused() -> None:
    small = (2, 18, 8)
    with pytest.raises(VolumeError, match="2 x 18 voxels in plane"):
        keep_usable({Sequence.T1: np.ones(small, np.float32)}, np.ones(small, np.bool_), EXAMINATION, {})


def test_nothing_to_send_and_no_brain_are_refused() -> None:
    with pytest.raises(VolumeError, match=r"sub-1: no sequence is usable \(T2: not given\)"):
        require_a_sequence(EXAMINATION, {}, {Sequence.T2: NOT_GIVEN})
    with pytest.raises(VolumeError, match="zero everywhere"):
        require_brain(np.zeros(SHAPE, np.bool_), EXAMINATION)


def test_a_reason_is_an_errors_sentence_without_the_image_before_it() -> None:
    assert without_label("sub-1: ADC: fits no unit.", "sub-1: ADC") == "fits no unit"
