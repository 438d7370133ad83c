"""What is kept of a map; the files themselves are asked for over HTTP in test_app."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.client import CbvClient
from cbvsynth.page.measured import Measured
from cbvsynth.page.results import keep_results
from cbvsynth.study.nifti import read_volume
from tests.client.heads import write_head
from tests.client.prediction_server import serve, three_versions

CARD = """# Model card: fcgan-t1

| all | n | SSIM brain, % |
| --- | ---: | ---: |
| all examinations | 23 | 75.1 ± 2.1 |

By diagnosis:

| diagnosis | n | SSIM brain, % |
| --- | ---: | ---: |
| lymphoma (few) | 2 | 70.0 ± 1.0 |

| size | n |
| --- | ---: |
| below 10 mL | 3 |
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with serve(three_versions()) as server, CbvClient(server.address) as client:
        return client.predict(write_head(tmp_path_factory.mktemp("head"), "t1", "LPS"))


def test_images_to_look_at_lie_on_one_grid_with_the_card_beside(made, tmp_path):
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "fcgan-t1.md").write_text(CARD)
    folder = tmp_path / "study"
    folder.mkdir()
    found = keep_results(folder, made, None, cards)
    assert found["layers"] == ["t1", "cbv", "mask"]
    assert found["card"] == [
        [["all", "n", "SSIM brain, %"], ["all examinations", "23", "75.1 ± 2.1"]],
        [["diagnosis", "n", "SSIM brain, %"], ["lymphoma (few)", "2", "70.0 ± 1.0"]],
    ]
    volumes = [read_volume(folder / "view" / f"{name}.nii", name) for name in found["layers"]]
    assert len({volume.affine.tobytes() for volume in volumes}) == 1
    assert np.diag(volumes[0].affine)[:3].min() > 0, "RAS, whatever the file had"
    np.testing.assert_array_equal(volumes[1].data, made.canonical)
    assert found["brain_mean"] == pytest.approx(made.canonical[made.prepared.mask].mean(), rel=1e-5)
    low, high = found["windows"]["t1"]
    assert 0 < low < high


def test_how_sure_the_map_is_is_a_layer_and_a_file_beside_it(tmp_path):
    with serve(three_versions(sure=frozenset({3}))) as server, CbvClient(server.address) as client:
        made = client.predict(write_head(tmp_path / "head", "t1", "LPS"), uncertainty="auto")
    found = keep_results(tmp_path, made, None, tmp_path / "nothing")
    assert found["layers"] == ["t1", "cbv", "cbv_sd", "mask"]
    assert found["lesion_sds"] == 1.0
    layer = read_volume(tmp_path / "view/cbv_sd.nii", "SD").data
    np.testing.assert_allclose(layer, 0.5 * made.canonical, rtol=1e-6)
    kept = read_volume(tmp_path / "results/cbv_sd.nii.gz", "SD").data
    np.testing.assert_allclose(kept, 0.5 * made.cbv, rtol=1e-6)


def test_without_a_card_there_is_none(made, tmp_path):
    assert keep_results(tmp_path, made, None, tmp_path / "nothing")["card"] == []


def test_a_measured_map_that_cannot_be_read_is_said(made, tmp_path):
    (tmp_path / "cbv.nii").write_text("no image")
    found = keep_results(tmp_path, made, Measured(tmp_path / "cbv.nii"), tmp_path)
    assert "not a NIfTI file" in found["compared"]["problem"]
    assert "real" not in found["layers"]
