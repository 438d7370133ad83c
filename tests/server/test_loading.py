"""One version in memory: what is checked, and the requests that warm it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from cbvsynth.errors import ModelError
from tests.server.saved_models import save_first_generation, volume, write_warmup
from tests.server.store_server import Server, put

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def test_missing_weights_are_an_error_of_the_version_alone(base):
    shutil.rmtree(base / "1" / "variables")
    server = Server(base)
    server.serve()
    error = server.store.states("sum")[1].error
    assert "version 1 cannot be loaded (" in error
    assert str(base) not in error
    with pytest.raises(ModelError, match="'sum' has no version that can be served"):
        server.store.waiting_for()


def test_a_model_that_reads_files_is_not_loaded(tmp_path, saved):
    put(tmp_path, "1", saved / "reader")
    server = Server(tmp_path)
    server.serve()
    assert "holds the operations ReadFile" in server.store.states("sum")[1].error


def test_warm_up_runs_the_models_own_request(base):
    write_warmup(base / "1", t1=volume(1), adc=volume(2))
    server = Server(base)
    server.serve()
    assert server.states() == {1: "AVAILABLE"}


def test_a_version_that_refuses_its_warm_up_is_broken(base):
    write_warmup(base / "1", t1=volume(1))
    server = Server(base)
    server.serve()
    assert "warm-up request 1 failed (input size does not match" in server.store.states("sum")[1].error


def test_a_damaged_warm_up_file_breaks_the_version(base):
    (base / "1" / "assets.extra").mkdir()
    (base / "1" / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"not a TFRecord file at all")
    server = Server(base)
    server.serve()
    assert "warm-up request 1 failed" in server.store.states("sum")[1].error


def served_by(tmp_path, **flags):
    from cbvsynth.server.flags import ServerOptions

    server = Server(tmp_path, ServerOptions(model_base_path="unused", **flags))
    server.serve()
    return server


def test_a_model_of_the_first_tensorflow_is_refused_for_its_operations_or_loads(tmp_path):
    """It was refused with `cannot be loaded (ValueError)`, or not at all."""
    save_first_generation(tmp_path / "1")
    error = served_by(tmp_path).store.states("sum")[1].error
    assert "holds the operations Assign, VariableV2" in error
    server = served_by(tmp_path, model_operations="any")
    assert server.states() == {1: "AVAILABLE"}
    with server.store.borrow("sum", 1, "") as served:
        answer = served.model.run("serving_default", {"x": np.ones(2, np.float32)}, ("y",))
    assert answer["y"].tolist() == [2, 2]


def test_every_operation_is_loaded_where_that_is_asked_for(tmp_path, saved):
    put(tmp_path, "1", saved / "reader")
    assert served_by(tmp_path, model_operations="any").states() == {1: "AVAILABLE"}


def test_tags_that_no_graph_has_are_named(base):
    error = served_by(base, saved_model_tags="serve,gpu").store.states("sum")[1].error
    assert "version 1 has graphs with the tags serve; expected serve,gpu" in error


def test_the_largest_shape_is_the_descriptions_or_none(base, tmp_path):
    from tests.client.served_network import LARGEST, export

    server = served_by(base)
    with server.store.borrow("sum", 1, "") as served:
        assert served.model.largest_shape is None  # its description is another project's
    export(tmp_path / "own/1", "encdec-t1", 1)
    server = Server(tmp_path / "own")
    server.serve()
    with server.store.borrow("sum", 1, "") as served:
        assert served.model.largest_shape == LARGEST


def test_warm_up_runs_as_often_as_it_is_told(base):
    from cbvsynth.server.loading import warm_up

    write_warmup(base / "1", t1=volume(1), adc=volume(2))
    runs = []
    assert warm_up(base / "1", runs.append, 3) == 1
    assert len(runs) == 3
