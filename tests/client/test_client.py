"""The Python client against a server on a real socket: images in, a map in place out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

import cbvsynth.client
from cbvsynth.client import CbvClient
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ModelError, RefusedError, ReplyError, UsageError
from cbvsynth.records.selection import Selection, ServedVersion, write_selection
from cbvsynth.wire.tensors import array_of
from tests.client.heads import AFFINES, PATIENT_NAME, SHAPES, brain, image, write, write_head
from tests.client.prediction_server import ALL, PredictionServer, describe, expected_cbv, serve
from tests.client.prediction_server import three_versions as server


def test_the_client_is_what_the_package_offers() -> None:
    """The documentation said `from cbvsynth.client import CbvClient` while only client.client had it."""
    assert cbvsynth.client.CbvClient is CbvClient
    with pytest.raises(AttributeError, match="no attribute 'Client'"):
        cbvsynth.client.Client  # noqa: B018


def test_two_lines_make_a_map(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1 t2 t1c flair adc")
    with serve(server()) as running:
        client = CbvClient(running.address)
        result = client.predict(files)
    expected = expected_cbv({name: image(name) for name in ("t1", "t1c", "adc")}, 7)
    np.testing.assert_array_equal(result.cbv, np.where(brain(), expected, 0))
    assert result.record.served.version == 7
    assert not result.record.choice.fallback


def test_the_background_is_zero_whatever_the_model_says_there(tmp_path: Path) -> None:
    with serve(server()) as running, CbvClient(running.address) as client:
        result = client.predict(write_head(tmp_path, "t1"))
    assert not result.cbv[~brain()].any()
    assert (result.cbv[brain()] > 3).all()


@pytest.mark.parametrize("orientation", AFFINES)
@pytest.mark.parametrize("reference", ["t1", "t2"])
def test_the_map_lies_exactly_on_the_reference_image(
    tmp_path: Path, orientation: str, reference: str
) -> None:
    """T2 is stored with other axes than T1 on the same grid; the map follows the one that is named."""
    affine = AFFINES[orientation]
    head = image("t1", SHAPES[orientation])
    turned = affine @ np.array([[0, 0, -1, head.shape[0] - 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    files = {
        "t1": write(tmp_path / "t1.nii.gz", head, affine, codes=(2, 1)),
        "t2": write(tmp_path / "t2.nii", head.transpose(1, 2, 0)[:, :, ::-1] * 2, turned, codes=(4, 3)),
    }
    out = tmp_path / "cbv.nii.gz"
    with serve(PredictionServer({1: describe("encdec-t1")})) as running, CbvClient(running.address) as client:
        client.predict({name: str(path) for name, path in files.items()}, reference=reference).save(out)
    made, source = nib.load(out), nib.load(files[reference])
    assert made.shape == source.shape
    np.testing.assert_allclose(made.affine, source.affine, atol=1e-5)
    for code in ("sform_code", "qform_code"):
        assert made.header[code] == source.header[code]
    np.testing.assert_allclose(made.get_qform(), source.get_qform(), atol=1e-4)
    scale = 1.0 if reference == "t1" else 0.5
    stored = source.get_fdata() * scale
    expected = np.where(stored > 0, stored * 0.001 + 1, 0)
    np.testing.assert_allclose(made.get_fdata(), expected, rtol=1e-5)
    assert made.get_data_dtype() == np.float32


def test_a_sequence_that_cannot_be_used_leads_to_the_model_without_it(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1 t2 t1c flair adc")
    with serve(server()) as running, CbvClient(running.address) as client:
        result = client.predict(files, unusable=["adc"])
        (request,) = running.predictions()
    assert set(request.inputs) == {"t2", "t1c"}
    np.testing.assert_array_equal(array_of(request.inputs["t2"], "t2")[0], image("t2"))
    assert result.record.served.version == 12
    assert result.record.choice.fallback
    assert "stands in for encdec-t1-t1c-adc, version 7" in result.record.choice.reason
    assert [name.value for name in result.record.not_needed] == ["t1", "flair"]


def test_a_planted_name_reaches_neither_server_nor_error(tmp_path: Path) -> None:
    folder = tmp_path / PATIENT_NAME
    with serve(server(reply=lambda cbv: cbv[:, :-1])) as running, CbvClient(running.address) as client:
        with pytest.raises(ReplyError) as caught:
            client.predict(write_head(folder, "t1"))
        assert all(PATIENT_NAME.encode() not in one.SerializeToString() for one in running.requests)
    assert PATIENT_NAME not in str(caught.value)


def test_arrays_give_an_array(tmp_path: Path) -> None:
    arrays = {name: image(name) for name in ("t1", "t1c", "adc")}
    with serve(server()) as running, CbvClient(running.address) as client:
        result = client.predict(arrays, mask=brain())
    np.testing.assert_array_equal(result.cbv, np.where(brain(), expected_cbv(arrays, 7), 0))
    assert result.affine is None
    with pytest.raises(UsageError, match="made from arrays"):
        result.save(tmp_path / "cbv.nii.gz")


def test_arrays_and_files_do_not_mix(tmp_path: Path) -> None:
    client = CbvClient()
    with pytest.raises(UsageError, match="t1 are files and t2 are arrays"):
        client.predict({**write_head(tmp_path, "t1"), "t2": image("t2")})
    with pytest.raises(UsageError, match="for files"):
        client.predict({"t1": image("t1")}, reference="t1")
    with pytest.raises(UsageError, match="'T9' is not a sequence"):
        client.predict({"T9": image("t1")})


def selection(name: str = "cbvsynth", slug: str = "encdec-t1-t1c-adc") -> Selection:
    seven = ServedVersion(7, describe(slug).model, TargetUnit.ML_PER_100G, "4f" * 32, 0.86)
    return Selection(name, "ssim_3d_whole", (seven,), {ALL: 7}, {"stable": 7})


def test_a_selection_file_is_believed_and_its_digest_recorded(tmp_path: Path) -> None:
    path = tmp_path / "selection.json"
    write_selection(path, selection("other"))
    with (
        serve(server(name="other")) as running,
        CbvClient(running.address, selection=path) as client,
    ):
        result = client.predict(write_head(tmp_path, "t1 t2 t1c flair adc"))
    assert result.record.to_json()["ModelDigest"] == "4f" * 32
    assert result.record.to_json()["RegisteredModel"] == "other"
    assert "selection.json, by ssim_3d_whole" in result.record.choice.reason


def test_a_selection_file_of_another_model_or_out_of_date_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "selection.json"
    write_selection(path, selection())
    with pytest.raises(UsageError, match="registered model 'cbvsynth', asked for is 'other'"):
        CbvClient(model="other", selection=path)
    write_selection(path, selection(slug="encdec-t1"))
    with serve(server()) as running, CbvClient(running.address, selection=path) as client:
        with pytest.raises(ModelError, match="calls itself encdec-t1-t1c-adc"):
            client.predict(write_head(tmp_path, "t1 t2 t1c flair adc"))
        assert not running.predictions()


@pytest.mark.parametrize(("options", "version"), [({"version": 3}, 3), ({"label": "canary"}, 12)])
def test_a_version_or_label_may_be_insisted_on(tmp_path: Path, options: dict[str, Any], version: int) -> None:
    with serve(server()) as running, CbvClient(running.address) as client:
        result = client.predict(write_head(tmp_path, "t1 t2 t1c adc"), **options)
    assert result.record.served.version == version
    assert "was asked for" in result.record.choice.reason


@pytest.mark.parametrize(
    ("options", "code"), [({"version": 99}, "NOT_FOUND"), ({"label": "nightly"}, "INVALID_ARGUMENT")]
)
def test_a_version_or_label_that_is_not_served_is_refused(
    tmp_path: Path, options: dict[str, Any], code: str
) -> None:
    with (
        serve(server()) as running,
        CbvClient(running.address) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.predict(write_head(tmp_path, "t1"), **options)
    assert caught.value.code == code


def test_a_client_may_be_shared_by_threads(tmp_path: Path) -> None:
    arrays = [{"t1": np.where(brain(), image("t1") + index, 0).astype(np.float32)} for index in range(12)]
    with serve(server()) as running, CbvClient(running.address) as client, ThreadPoolExecutor(6) as pool:
        maps = list(pool.map(lambda one: client.predict(one).cbv, arrays))
    for one, found in zip(arrays, maps, strict=True):
        np.testing.assert_array_equal(found, np.where(brain(), expected_cbv(one, 3), 0))
