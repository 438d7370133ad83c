"""Measured CBV beside the map: on its grid, on another one, moved, or not to be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cbvsynth.client import CbvClient
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.page.measured import Measured, compare
from cbvsynth.study.nifti import write_volume
from tests.client.heads import AFFINES, write
from tests.client.prediction_server import serve, three_versions

SHAPE = (48, 48, 16)


def smooth_head(seed: int) -> np.ndarray:
    """Tissue with structure, so that it can be registered."""
    axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in SHAPE), indexing="ij")
    inside = axes[0] ** 2 * 1.3 + axes[1] ** 2 + 0.5 * axes[2] ** 2 < 0.8
    texture = gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 2.5)
    return np.where(inside, 500 + 4000 * texture, 0).clip(0).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("head")
    t1 = write(folder / "t1.nii.gz", smooth_head(1), np.diag([4.0, 4, 8, 1]))
    with serve(three_versions()) as server, CbvClient(server.address) as client:
        return client.predict({"t1": str(t1)}), t1


def test_on_the_maps_grid_it_is_taken_as_it_is(made, tmp_path):
    map_, t1 = made
    real = write(tmp_path / "cbv.nii", map_.canonical + np.float32(2), np.diag([4.0, 4, 8, 1]))
    found, layers = compare(Measured(real), map_, t1)
    assert found["mae"] == pytest.approx(2.0, rel=1e-5)
    assert found["bias"] == pytest.approx(-2.0, rel=1e-5)
    assert "as it is" in found["how"]
    mask = map_.prepared.mask
    np.testing.assert_allclose(layers["difference"][mask], -2.0, rtol=1e-5)
    assert not layers["real"][~mask].any()


def test_its_factor_is_applied(made, tmp_path):
    """CBV that its sidecar states in mL/100 mL was compared as if it were in mL/100 g."""
    map_, t1 = made
    real = write(tmp_path / "cbv.nii", map_.canonical, np.diag([4.0, 4, 8, 1]))
    _, layers = compare(Measured(real, 0.5, TargetUnit.ML_PER_100G), map_, t1)
    np.testing.assert_allclose(layers["real"], 0.5 * map_.canonical, rtol=1e-6)


def test_one_that_was_moved_is_brought_back(made, tmp_path):
    """It was not compared at all: only maps on one grid were."""
    map_, t1 = made
    affine = np.diag([4.0, 4, 8, 1])
    affine[:3, 3] = 6.0, -5.0, 0.0
    real = tmp_path / "cbv.nii"
    write_volume(real, Volume(map_.canonical, affine))
    found, layers = compare(Measured(real), map_, t1)
    assert "moved by 7." in found["how"] or "moved by 8." in found["how"], found["how"]
    assert found["mae"] < 0.1 * map_.canonical[map_.prepared.mask].mean()
    assert layers["real"].shape == SHAPE
    unmoved, _ = compare(Measured(real), map_, None)
    assert "as its header says" in unmoved["how"]
    assert unmoved["mae"] > 3 * found["mae"]


def test_what_cannot_be_compared_says_why(made, tmp_path):
    map_, t1 = made
    flat = write(tmp_path / "flat.nii", np.ones((9, 9, 9), np.float32), AFFINES["RAS"])
    assert "could not be registered" in compare(Measured(flat), map_, t1)[0]["problem"]
    assert "covers" in compare(Measured(flat), map_, None)[0]["problem"]
    (tmp_path / "text.nii").write_text("no image")
    assert "not a NIfTI file" in compare(Measured(tmp_path / "text.nii"), map_, t1)[0]["problem"]
    served = replace(map_.record.served, target_unit=TargetUnit.RELATIVE)
    relative = replace(map_, record=replace(map_.record, served=served))
    assert "unit is relative" in compare(Measured(flat), relative, t1)[0]["problem"]
    stated = compare(Measured(flat, unit=TargetUnit.RELATIVE), map_, t1)
    assert "measured CBV is relative" in stated[0]["problem"]
    assert stated[1] == {}
    assert compare(None, map_, t1) == ({}, {})
