"""The program looks at everything before its port opens."""

from __future__ import annotations

import socket

import pytest

from cbvsynth.errors import InstallationError, UsageError
from cbvsynth.page import program
from cbvsynth.page.settings import PageSettings


def test_without_the_viewer_nothing_is_made(tmp_path):
    settings = PageSettings(folder=tmp_path / "page", viewer=tmp_path / "none.tgz")
    with pytest.raises(InstallationError, match="npm pack"):
        program.serve(settings, None, lambda: None)
    assert not (tmp_path / "page").exists()


def test_a_port_that_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "read_viewer", lambda _: b"")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = PageSettings(folder=tmp_path / "page", port=port, data=tmp_path / "none")
        with pytest.raises(UsageError, match=f"Port {port} of 127.0.0.1 cannot be opened"):
            program.serve(settings, None, lambda: None)
