"""One version in memory: what is checked, and the requests that warm it."""

from __future__ import annotations

import shutil

import pytest

from cbvsynth.errors import ModelError
from tests.server.saved_models import volume, write_warmup
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
