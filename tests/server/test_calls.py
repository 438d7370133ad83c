"""A request's line in the log, and which request a thread answers."""

from __future__ import annotations

import json

from cbvsynth.server.calls import CURRENT, Call, RequestLog, note_served


def test_a_line_has_names_numbers_and_sizes_only(capfd):
    call = Call("Predict", "REST", "cbvsynth", 7, 10, 20, "OK")
    RequestLog().write(call, "ab" * 16)
    RequestLog().write(call, "")
    first, second = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert first.pop("trace_id") == "ab" * 16
    assert (
        set(first)
        == set(second)
        == {
            *("time", "api", "entrypoint", "model", "version", "code"),
            *("duration_ms", "request_bytes", "reply_bytes"),
        }
    )
    assert (first["model"], first["version"], first["request_bytes"], first["reply_bytes"]) == (
        "cbvsynth",
        7,
        10,
        20,
    )


def test_the_version_is_noted_of_the_present_request_and_of_none_besides():
    note_served("cbvsynth", 3)  # no request
    call = Call("Predict", "GRPC")
    token = CURRENT.set(call)
    note_served("cbvsynth", 4)
    CURRENT.reset(token)
    note_served("cbvsynth", 5)
    assert (call.model, call.version) == ("cbvsynth", 4)
