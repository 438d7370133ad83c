"""One channel: what cannot be an address, and that a call's trace and deadline go along."""

from __future__ import annotations

import pytest

from cbvsynth.client.channel import Channel
from cbvsynth.errors import UnreachableError, UsageError
from cbvsynth.wire.schema import GET_MODEL_STATUS, GetModelStatusRequest, GetModelStatusResponse
from tests.client.prediction_server import PredictionServer, describe, serve


@pytest.mark.parametrize("address", ["localhost", "localhost:0", "http://localhost:8500", "localhost:70000"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="expected host:port"):
        Channel(address)


@pytest.mark.parametrize(("timeout_s", "attempts"), [(0.0, 1), (1.0, 0)])
def test_a_call_needs_time_and_an_attempt(timeout_s: float, attempts: int) -> None:
    with pytest.raises(UsageError, match="expected above 0 s and 1 or more"):
        Channel(timeout_s=timeout_s, attempts=attempts)


def test_a_call_is_answered_by_the_class_that_was_asked_for() -> None:
    request = GetModelStatusRequest()
    request.model_spec.name = "cbvsynth"
    with serve(PredictionServer({7: describe("encdec-t1")})) as running:
        channel = Channel(running.address)
        reply = channel.call(GET_MODEL_STATUS, request, GetModelStatusResponse, "cbvsynth")
        channel.close()
    assert 7 in [one.version for one in reply.model_version_status]


def test_nobody_there_is_said_with_the_number_of_attempts() -> None:
    channel = Channel("127.0.0.1:1", timeout_s=5, attempts=2)
    with pytest.raises(UnreachableError, match=r"No answer from 127\.0\.0\.1:1 in 2 attempts"):
        channel.call(GET_MODEL_STATUS, GetModelStatusRequest(), GetModelStatusResponse, "m")
