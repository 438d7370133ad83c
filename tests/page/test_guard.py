"""Sessions: only those that were given out count; the rest of the rules are asked over HTTP in test_app."""

from __future__ import annotations

import stat

import pytest
from starlette.requests import Request

from cbvsynth.page.guard import COOKIE, Guard, read_key


def asked(cookie: str = "", host: str = "localhost:8090") -> Request:
    headers = [(b"host", host.encode()), (b"cookie", f"{COOKIE}={cookie}".encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def test_a_session_is_signed_with_key_and_token():
    guard = Guard(b"k" * 32, "token", (), secure=False)
    session = guard.new_session()
    owner = guard.owner(asked(session))
    assert len(owner) == 64
    assert session.partition(".")[0] not in owner
    assert guard.owner(asked(session[:-1] + ("0" if session[-1] != "0" else "1"))) == ""
    for other in (Guard(b"j" * 32, "token", (), secure=False), Guard(b"k" * 32, "new", (), secure=False)):
        assert other.owner(asked(session)) == ""
    assert guard.owner(asked("")) == guard.owner(asked(".")) == guard.owner(asked("ä.ö")) == ""


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("127.0.0.1:8090", True),
        ("[::1]:8090", True),
        ("[::1]", True),
        ("rebound.example", False),
        ("", False),
    ],
)
def test_names_of_this_machine(host, is_ours):
    """Another site's name that is made to lead here, DNS rebinding, is refused."""
    assert (Guard(b"k", "", (), secure=False).refusal(asked(host=host)) == "") is is_ours


def test_behind_a_proxy_its_names_count_alone():
    guard = Guard(b"k", "t", ("cbv.example.org",), secure=True)
    assert guard.refusal(asked(host="cbv.example.org")) == ""
    assert guard.refusal(asked(host="localhost"))


def test_the_key_is_made_once_and_for_its_owner(tmp_path):
    key = read_key(tmp_path / "new")
    assert len(key) == 32
    assert read_key(tmp_path / "new") == key
    assert stat.S_IMODE((tmp_path / "new/session.key").stat().st_mode) == 0o600
