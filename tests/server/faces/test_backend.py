"""Every request is counted, whatever becomes of it."""

from __future__ import annotations

import pytest

from cbvsynth.errors import RefusedError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.fixture
def backend(running):
    """A backend with counts of its own."""
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.methods.predict import Predictor

    return Backend(running.store, Predictor(running.store, 1_000_000, as_content=True))


def refused():
    raise RefusedError("not this one", code="NOT_FOUND")


def broken():
    raise ZeroDivisionError


def test_an_answer_passes_through_and_counts_as_ok(backend):
    assert backend.counted("Predict", "GRPC", "sum", lambda: 7) == 7
    assert '{model_name="sum",status="OK"} 1\n' in backend.metrics.page()


def test_a_refusal_passes_through_and_counts_under_its_code(backend):
    with pytest.raises(RefusedError, match="not this one"):
        backend.counted("Predict", "GRPC", "sum", refused)
    assert '{model_name="sum",status="NOT_FOUND"} 1\n' in backend.metrics.page()


def test_a_fault_of_the_server_counts_as_internal(backend):
    with pytest.raises(ZeroDivisionError):
        backend.counted("Predict", "GRPC", "sum", broken)
    assert '{model_name="sum",status="INTERNAL"} 1\n' in backend.metrics.page()


def test_names_that_no_model_has_share_one_row(backend):
    for name in ("made-up-1", "made-up-2"):
        with pytest.raises(RefusedError):
            backend.counted("Predict", "GRPC", name, refused)
    assert '{model_name="",status="NOT_FOUND"} 2\n' in backend.metrics.page()
    assert "made-up" not in backend.metrics.page()
