"""One map: how it is made, what is recorded about it, how it is stored."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.client import CbvClient
from cbvsynth.domain.sequences import Combination, TargetUnit
from cbvsynth.errors import ModelError, ReplyError, StorageError, UsageError
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.selection import pattern_label
from tests.client.heads import PATIENT_NAME, image, write_head
from tests.client.prediction_server import ALL, PredictionServer, describe, serve
from tests.client.prediction_server import three_versions as server
from tests.client.served_network import served_networks


def test_a_stored_map_says_what_it_is_and_nothing_about_who(tmp_path: Path) -> None:
    folder = tmp_path / PATIENT_NAME
    files = write_head(folder, "t1 t2 t1c flair adc")
    out = folder / "cbv.nii.gz"
    with serve(server()) as running, CbvClient(running.address) as client:
        sidecar = client.predict(files, unusable=["adc"]).save(out)
    record = json.loads(sidecar.read_text())
    assert sidecar == folder / "cbv.json"
    assert record["Synthetic"] is True
    assert record["Units"] == "mL/100 g"
    assert record["ModelVersion"] == 12
    assert record["Model"] == "encdec-t2-t1c"
    assert record["InputsUsed"] == ["t2", "t1c"]
    assert record["InputsLeftOut"] == {"adc": "ruled out by --unusable"}
    assert record["Fallback"] is True
    assert record["PreprocessingVersion"] == PREPROCESSING_VERSION
    assert "research" in record["Note"]
    assert set(record["InputSha256"]) == {"t1", "t2", "t1c", "flair"}
    everything = sidecar.read_bytes() + gzip.decompress(out.read_bytes())
    assert PATIENT_NAME.encode() not in everything
    assert str(tmp_path).encode() not in everything
    header = nib.load(out).header
    assert header["descrip"].item() == b"synthetic CBV, mL/100 g; research use only"
    assert len(header.extensions) == 0


def test_the_same_images_give_the_same_files(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    with serve(server()) as running, CbvClient(running.address) as client:
        client.predict(files).save(tmp_path / "a.nii.gz")
        client.predict(files).save(str(tmp_path / "b.nii.gz"))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize("taken", ["cbv.nii.gz", "cbv.json"])
def test_nothing_is_written_over_unless_asked(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with serve(server()) as running, CbvClient(running.address) as client:
        result = client.predict(write_head(tmp_path, "t1"))
    with pytest.raises(UsageError, match=f"{taken}' exists"):
        result.save(tmp_path / "cbv.nii.gz")
    assert (tmp_path / taken).read_text() == "mine"
    result.save(tmp_path / "cbv.nii.gz", overwrite=True)
    assert json.loads((tmp_path / "cbv.json").read_text())["Synthetic"]


def test_a_model_of_another_preprocessing_is_not_asked(tmp_path: Path) -> None:
    strange = PredictionServer({1: describe("encdec-t1", preprocessing_version="99")})
    with serve(strange) as running, CbvClient(running.address) as client:
        versions = f"preprocessing version 99, found {PREPROCESSING_VERSION} here"
        with pytest.raises(ModelError, match=versions):
            client.predict(write_head(tmp_path, "t1"))
        assert not running.predictions()


def test_a_field_of_view_that_training_never_saw_is_warned_of(tmp_path: Path) -> None:
    narrow = describe("encdec-t1", spacing_range_mm=((0.5, 1.0),) * 3, shape_range=((4.0, 256.0),) * 3)
    with serve(PredictionServer({1: narrow})) as running, CbvClient(running.address) as client:
        (warning,) = client.predict(write_head(tmp_path, "t1")).record.warnings
        assert warning.startswith(
            "2 mm along H, 2 mm along W, 4 mm along D, outside the training range 0.5-1 mm, "
        )
        assert client.predict({"t1": image("t1")}).record.warnings == ()
        assert len(client.predict({"t1": image("t1")}, spacing_mm=(1, 1, 4)).record.warnings) == 1


def test_a_relative_model_says_so_in_map_and_record(tmp_path: Path) -> None:
    relative = PredictionServer({1: describe("encdec-t1", target_unit=TargetUnit.RELATIVE)})
    with serve(relative) as running, CbvClient(running.address) as client:
        sidecar = client.predict(write_head(tmp_path, "t1")).save(tmp_path / "cbv.nii")
    assert json.loads(sidecar.read_text())["Units"] == "relative"
    assert b"synthetic CBV, relative" in nib.load(tmp_path / "cbv.nii").header["descrip"].item()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda cbv: cbv[..., :-1], r"answered with shape \(1, 20, 18, 7\); expected \(1, 20, 18, 8\)"),
        (lambda cbv: np.where(cbv > 3.5, np.nan, cbv), "voxels that are NaN or infinite"),
    ],
)
def test_a_map_that_cannot_be_right_is_refused(tmp_path: Path, reply: Any, words: str) -> None:
    with (
        serve(server(reply=reply)) as running,
        CbvClient(running.address) as client,
        pytest.raises(ReplyError, match=words),
    ):
        client.predict(write_head(tmp_path, "t1"))


def test_a_version_that_is_taken_away_between_choice_and_request_is_chosen_again(tmp_path: Path) -> None:
    """During a rollback the version may be unloaded just after the client was told to use it."""

    class RollingBack(PredictionServer):
        def predict(self, request: Any, context: Any) -> Any:
            if request.model_spec.signature_name == "serving_default" and 8 in self.versions:
                del self.versions[8]
                self.labels = dict.fromkeys(self.labels, 3)
            return super().predict(request, context)

    labels = {pattern_label(ALL): 8, pattern_label(Combination.parse("t1")): 8}
    rolling = RollingBack({8: describe("encdec-t1"), 3: describe("fcgan-t1")}, labels)
    with serve(rolling) as running, CbvClient(running.address) as client:
        assert client.predict(write_head(tmp_path, "t1")).record.served.version == 3


def test_a_map_that_cannot_be_stored_leaves_no_record_of_another(tmp_path: Path) -> None:
    """A kill between the two files left the former record beside the new map."""
    out = tmp_path / "cbv.nii.gz"
    with serve(server()) as running, CbvClient(running.address) as client:
        files = write_head(tmp_path, "t1 t1c adc")
        client.predict(files).save(out)
        former = out.read_bytes()
        other = client.predict(files, version=3)
    (tmp_path / "cbv.json").unlink()
    (tmp_path / "cbv.json").mkdir()  # now the record cannot be written
    with pytest.raises(OSError):  # noqa: PT011  whatever the system says of a folder
        other.save(out, overwrite=True)
    assert out.read_bytes() == former
    (tmp_path / "cbv.json").rmdir()
    other.save(out, overwrite=True)
    assert json.loads((tmp_path / "cbv.json").read_text())["ModelVersion"] == 3


def test_a_new_map_never_lies_there_without_its_record(tmp_path: Path) -> None:
    with serve(server()) as running, CbvClient(running.address) as client:
        made = client.predict(write_head(tmp_path, "t1"))
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked/cbv.json").mkdir()
    with pytest.raises(StorageError, match="is a folder"):
        made.save(tmp_path / "locked/cbv.nii.gz", overwrite=True)
    assert not (tmp_path / "locked/cbv.nii.gz").exists()


@pytest.mark.tensorflow
def test_how_sure_a_model_is_comes_as_a_second_map_where_it_learned_it(tmp_path: Path) -> None:
    """By either protocol, from the real server; a model that learned none says what to do."""
    files = write_head(tmp_path, "t1 t1c")
    with served_networks(tmp_path / "base", with_spread=frozenset({1})) as served:
        for protocol in ("tensorflow", "v2"):
            out = tmp_path / f"{protocol}.nii.gz"
            with CbvClient(served.grpc, protocol=protocol) as client:
                made = client.predict(files, version=1, uncertainty="on")
                made.save(out)
                plain = client.predict(files, version=1)
                with pytest.raises(ModelError, match=r"expected 'cbv_sd' beside it.*--spread learned"):
                    client.predict(files, version=2, uncertainty="on")
                with pytest.raises(UsageError, match="exists"):
                    made.save(out)
            assert plain.sd is None
            np.testing.assert_allclose(made.cbv, plain.cbv, atol=1e-4)
            stored = nib.load(tmp_path / f"{protocol}_sd.nii.gz")
            assert stored.header["descrip"].item() == b"SD of synthetic CBV, mL/100 g; research use only"
            np.testing.assert_allclose(stored.get_fdata(), made.sd, atol=1e-6)
            assert np.count_nonzero(made.sd > 0) == np.count_nonzero(made.prepared.mask)
