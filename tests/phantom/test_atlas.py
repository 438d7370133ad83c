from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import DataError
from cbvsynth.phantom.atlas import load_atlas, read_atlas
from cbvsynth.phantom.case import make_case


def test_reading_the_template_does_not_import_nilearn() -> None:
    code = (
        "import sys; from cbvsynth.phantom.atlas import load_atlas; load_atlas();"
        "print('nilearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_samples_at_voxel_centres_are_the_maps_own_values_and_zero_outside() -> None:
    atlas = load_atlas()
    voxels = np.array([[98, 134, 90], [60, 120, 100], [130, 90, 80], [30, 134, 72]])
    inside = voxels + np.array(atlas.origin_mm)
    positions = np.concatenate([inside, [[0.0, 0.0, 500.0], [-97.0, -133.0, 0.0]]])
    samples = atlas.sample(*(positions[:, axis] for axis in range(3)))
    for sampled, volume in zip(samples, (atlas.grey, atlas.white, atlas.brain), strict=True):
        np.testing.assert_allclose(sampled[:4], volume[tuple(voxels.T)] / 255.0, atol=1e-12)
        np.testing.assert_array_equal(sampled[4:], 0.0)


def test_no_brain_lies_beyond_the_cylinder_that_is_read() -> None:
    atlas = load_atlas()
    places = np.argwhere(atlas.brain) + np.array(atlas.origin_mm)
    grey, white, brain = atlas.sample(*(places[::50, axis].astype(float) for axis in range(3)))
    np.testing.assert_array_equal(brain, 1.0)
    assert float((grey + white).mean()) > 0.8


def test_a_folder_without_the_template_is_named_as_the_cause(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file mni_icbm152_gm_tal.* install the nilearn"):
        read_atlas(tmp_path)


def test_without_nilearn_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    load_atlas.cache_clear()
    monkeypatch.setitem(sys.modules, "nilearn", None)
    try:
        with pytest.raises(ModuleNotFoundError) as caught:
            make_case(matrix=16)
        assert caught.value.name == "nilearn"
    finally:
        load_atlas.cache_clear()
