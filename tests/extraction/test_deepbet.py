"""The brain by deepbet's networks."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import ExtractionError
from cbvsynth.extraction import BrainSettings, deepbet, extract_brain
from cbvsynth.extraction.deepbet import find_brain
from cbvsynth.phantom.raw.case import raw_case
from cbvsynth.phantom.raw.protocol import RawSettings


def test_the_brain_of_a_raw_head_with_a_tumour() -> None:
    """In slices of another shape than the networks': turned, thick, displaced."""
    case = raw_case(seed=11, patient=2, settings=RawSettings(matrix=96, slices=22)).images["t1c"]
    image, truth = (
        to_canonical(Volume(np.asarray(voxels, np.float32), case.affine))
        for voxels in (case.voxels, case.brain)
    )
    mask, expected = find_brain(image.data, "e1 T1C"), truth.data > 0
    assert mask.shape == image.shape
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.95


def test_a_flat_image_has_no_brain() -> None:
    with pytest.raises(ExtractionError, match="e1 T1: the image is the same nearly everywhere"):
        find_brain(np.full((20, 20, 20), 7.0, np.float32), "e1 T1")


def test_where_nothing_was_seen_there_is_no_box() -> None:
    with pytest.raises(ExtractionError, match="e1 T1: no brain was seen; expected a whole head"):
        deepbet._box(np.zeros((8, 8, 8), bool), (20, 20, 20), "e1 T1")


def test_what_is_seen_in_noise_is_not_believed() -> None:
    """The networks find a brain in anything; its shape tells."""
    noise = np.random.default_rng(1).normal(size=(80, 80, 20)).astype(np.float32)
    with pytest.raises(ExtractionError, match="e1 T1: what was found is not believed to be the brain"):
        extract_brain(Volume(noise, np.diag([3.0, 3.0, 7.0, 1.0])), BrainSettings(), "e1 T1")
