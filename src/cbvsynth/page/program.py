"""The page as a program: everything is looked at before the port opens."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from cbvsynth.client.request import PreparedExamination
from cbvsynth.client.synthesis import Prediction
from cbvsynth.errors import UsageError
from cbvsynth.page.app import Page, make_app
from cbvsynth.page.examples import Examples
from cbvsynth.page.guard import Guard, read_key
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import Store
from cbvsynth.page.viewer import read_viewer
from cbvsynth.page.worker import Worker
from cbvsynth.records.writable import require_writable

Synthesis = Callable[[PreparedExamination], Prediction]
"""What makes a map."""


def make_page(settings: PageSettings, synthesis: Synthesis, warm: Callable[[], None]) -> Page:
    """Everything that the page needs, from its flags.

    Args:
        settings: the flags.
        synthesis: makes a map.
        warm: does beforehand what would make the first map late.

    Raises:
        InstallationError: the viewer is not there.
        UsageError: the token cannot be read.
        StorageError: the folder cannot be written to.
    """
    viewer = read_viewer(settings.viewer)
    token = settings.token
    require_writable(settings.folder / "session.key")
    store = Store(settings.folder)
    guard = Guard(read_key(settings.folder), token, settings.hosts, secure=not settings.is_loopback)
    worker = Worker(store, synthesis, warm, settings)
    return Page(settings, store, worker, guard, Examples(settings.data), viewer)


def serve(settings: PageSettings, synthesis: Synthesis, warm: Callable[[], None]) -> None:
    """Show the page until told to stop.

    Raises:
        UsageError: the port is taken, or the address is not this machine's.
        CbvsynthError: as `make_page`.
    """
    page = make_page(settings, synthesis, warm)
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, settings.port))
            listening.listen()  # before the address is told: who reads it may ask at once
        except OSError as error:
            raise UsageError(
                f"Port {settings.port} of {settings.host} cannot be opened ({error.strerror}); expected a "
                "free one of this machine. Give another --port."
            ) from error
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        print(f"the page is at http://{host}:{listening.getsockname()[1]}/ until Ctrl-C", flush=True)
        # Requests are not logged: what was asked for is nobody's business.
        config = uvicorn.Config(
            make_app(page), log_level="warning", access_log=False, server_header=False, proxy_headers=False
        )
        uvicorn.Server(config).run(sockets=[listening])
