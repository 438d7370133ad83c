"""The page on a real socket, before a real prediction server, and visitors who ask it as a browser does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette

from cbvsynth.client import CbvClient
from cbvsynth.client.synthesis import synthesise
from cbvsynth.domain.options import Uncertainty
from cbvsynth.page.app import Page, make_app
from cbvsynth.page.examples import Examples
from cbvsynth.page.guard import Guard, read_key
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import Store
from cbvsynth.page.worker import Worker
from tests.client.prediction_server import PredictionServer, serve, three_versions


@dataclass
class Visitor:
    """One browser: keeps its cookie, and says what the page's own script says."""

    port: int
    cookie: str = ""
    own: dict[str, str] = field(default_factory=lambda: {"X-Cbvsynth": "page"})

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = json.dumps(body) if isinstance(body, dict) else body
        sent = {**self.own, **({"Cookie": self.cookie} if self.cookie else {}), **(headers or {})}
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        found = answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        if "set-cookie" in found[2]:
            self.cookie = found[2]["set-cookie"].partition(";")[0]
        return found

    def come(self) -> Visitor:
        assert self.ask("GET", "/")[0] == 200
        return self

    def studies(self) -> list[dict[str, Any]]:
        return json.loads(self.ask("GET", "/api/state")[1])["studies"]

    def study(self, study: str) -> dict[str, Any]:
        return next(one for one in self.studies() if one["id"] == study)

    def begin(self) -> str:
        status, body, _ = self.ask("POST", "/api/studies")
        assert status == 201, body
        return str(json.loads(body)["id"])

    def send(self, study: str, name: str, content: bytes) -> tuple[int, str]:
        status, body, _ = self.ask(
            "PUT", f"/api/studies/{study}/files", content, {"X-File-Name": quote(name)}
        )
        return status, json.loads(body)["error"] if body else ""

    def act(self, study: str, what: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        status, answer, _ = self.ask("POST", f"/api/studies/{study}/{what}", body)
        return status, json.loads(answer)["error"] if status >= 400 else ""

    def give(self, files: dict[str, Path]) -> str:
        """Upload and recognise an examination; names by file."""
        study = self.begin()
        for name, path in files.items():
            assert self.send(study, name, path.read_bytes()) == (204, "")
        assert self.act(study, "recognise") == (204, "")
        return study

    def wait(self, study: str) -> dict[str, Any]:
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            found = self.study(study)
            if found["state"] not in ("queued", "running"):
                return found
            time.sleep(0.05)
        raise AssertionError(found)

    def map(self, files: dict[str, Path]) -> dict[str, Any]:
        study = self.give(files)
        assert self.act(study, "start") == (204, "")
        return self.wait(study)


@dataclass
class Running:
    port: int
    page: Page
    server: PredictionServer
    app: Starlette

    def visitor(self) -> Visitor:
        return Visitor(self.port).come()


@contextmanager
def running(
    folder: Path,
    *,
    token: str = "",
    hosts: tuple[str, ...] = (),
    viewer: bytes = b"",
    sure: frozenset[int] = frozenset(),
    **flags: Any,
) -> Iterator[Running]:
    """A page before a server whose versions of `sure` say how sure they are."""
    settings = PageSettings(folder=folder, **{"data": folder / "nothing", **flags})
    with serve(three_versions(sure=sure)) as server, CbvClient(server.address) as client:
        store = Store(folder)
        worker = Worker(
            store,
            lambda prepared: synthesise(prepared, client.models, uncertainty=Uncertainty.AUTO),
            lambda: None,
            settings,
        )
        guard = Guard(read_key(folder), token, hosts, secure=False)
        page = Page(settings, store, worker, guard, Examples(settings.data), viewer)
        app = make_app(page)
        config = uvicorn.Config(app, port=0, log_level="warning", access_log=False)
        program = uvicorn.Server(config)
        thread = threading.Thread(target=program.run, daemon=True)
        thread.start()
        while not program.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = program.servers[0].sockets[0].getsockname()[1]
        try:
            yield Running(port, page, server, app)
        finally:
            program.should_exit = True
            thread.join(timeout=30)
