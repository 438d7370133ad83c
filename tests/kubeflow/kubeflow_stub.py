"""A stand-in for Kubeflow's API server on a real port: enough of v2beta1 for submit, schedule and status."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

API = "/apis/v2beta1"


@dataclass
class Kubeflow:
    """What the server holds, and every request that it got."""

    url: str = ""
    token: str = ""
    pipelines: list[dict] = field(default_factory=list)
    versions: list[dict] = field(default_factory=list)
    packages: list[bytes] = field(default_factory=list)
    experiments: list[dict] = field(default_factory=list)
    runs: list[dict] = field(default_factory=list)
    schedules: list[dict] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    """Logs of pods, by the pod's name."""
    answers: list[dict] = field(default_factory=list)
    """States that a run goes through, one for each time it is asked for; the last one stays."""


@contextmanager
def kubeflow() -> Iterator[Kubeflow]:
    state = Kubeflow()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(state: str, *tasks: dict) -> dict:
    """What the server says of a run, with what it says of its tasks."""
    return {"state": state, "run_details": {"task_details": list(tasks)}}


def node(
    name: str, state: str, mark: str = "", *children: str, template: str = "t", message: str = ""
) -> dict:
    """A node of the workflow, as 2.17 lists it: a pod's name has the template inside, a child's has not."""
    return (
        {"display_name": name, "state": state}
        | ({"pod_name": f"cbv-synthesis-x-{template}-{mark}"} if mark else {})
        | (
            {"child_tasks": [{"pod_name": f"cbv-synthesis-x-{child}"} for child in children]}
            if children
            else {}
        )
        | ({"error": {"message": message}} if message else {})
    )


def nodes_of_task(key: str, state: str, mark: str, pod_state: str = "", message: str = "") -> list[dict]:
    """Driver, graph and pod of one task, each with its attempt, and the marks by which they hang together."""
    pod_state = pod_state or state
    return [
        node(f"{key}-driver", "SUCCEEDED", f"{mark}1", template="system-container-driver"),
        node(key, state, f"{mark}2", f"{mark}3", template="retry-system-container-executor"),
        node(f"{key}(0)", state, f"{mark}3", f"{mark}4", template="retry-system-container-executor"),
        node("executor", pod_state, f"{mark}4", f"{mark}5", template="system-container-impl"),
        node("executor(0)", pod_state, f"{mark}5", template="system-container-impl", message=message),
    ]


class _Handler(BaseHTTPRequestHandler):
    state: Kubeflow

    def log_message(self, *_: object) -> None:
        """Tests read `requests` instead."""

    def do_GET(self) -> None:
        place = self._begin()
        held = self.state
        if place == "healthz":
            self._reply({"multi_user": False})
        elif place == "pipelines":
            wanted = self._filtered("display_name")
            self._reply({"pipelines": [p for p in held.pipelines if p["display_name"] == wanted]})
        elif place == "experiments":
            wanted = self._filtered("display_name") or self._filtered("name")
            self._reply({"experiments": [e for e in held.experiments if e["display_name"] == wanted]})
        elif match := re.fullmatch(r"pipelines/([^/]+)/versions", place):
            found = [v for v in held.versions if v["pipeline_id"] == match[1]]
            start = int(self._query("page_token") or 0)
            more = {"next_page_token": str(start + 1)} if start + 1 < len(found) else {}
            self._reply({"pipeline_versions": found[start : start + 1], **more})
        elif match := re.fullmatch(r"runs/([^/]+)", place):
            run = next((r for r in held.runs if r["run_id"] == match[1]), None)
            if run is None:
                self._reply({"code": 5, "message": f"Run {match[1]} not found"}, 404)
                return
            answer = held.answers.pop(0) if len(held.answers) > 1 else (held.answers or [{}])[0]
            self._reply({**run, **answer})
        elif match := re.fullmatch(r"/apis/v1alpha1/runs/[^/]+/nodes/([^/]+)/log", place):
            log = held.logs.get(match[1])
            self._reply({"message": "no pod"}, 404) if log is None else self._send(log.encode(), 200)
        else:
            self._reply({"message": f"no {place}"}, 404)

    def do_POST(self) -> None:
        place = self._begin()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        held = self.state
        if place == "pipelines/upload":
            # As Kubeflow does: the pipeline, and a version that is called as the pipeline is.
            held.packages.append(self._file(body))
            made = {"pipeline_id": "pipeline-1", "display_name": self._query("name")}
            held.pipelines.append(made)
            self._add_version("pipeline-1", self._query("name"))
            self._reply(made)
        elif place == "pipelines":
            made = {**json.loads(body), "pipeline_id": "pipeline-1"}
            held.pipelines.append(made)
            self._reply(made)
        elif place == "pipelines/upload_version":
            held.packages.append(self._file(body))
            self._reply(self._add_version(self._query("pipelineid"), self._query("name")))
        elif place in ("experiments", "runs", "recurringruns"):
            kept, key = {
                "experiments": (held.experiments, "experiment_id"),
                "runs": (held.runs, "run_id"),
                "recurringruns": (held.schedules, "recurring_run_id"),
            }[place]
            made = {**json.loads(body), key: f"{key.removesuffix('_id')}-{len(kept) + 1}"}
            kept.append(made)
            self._reply(made)
        else:
            self._reply({"message": f"no {place}"}, 404)

    def _begin(self) -> str:
        path = urlsplit(self.path).path
        self.state.requests.append(f"{self.command} {path}")
        if self.state.token and self.headers.get("Authorization") != f"Bearer {self.state.token}":
            return "refused"
        return path.removeprefix(API + "/")

    def _add_version(self, pipeline: str, name: str) -> dict:
        made = {
            "pipeline_id": pipeline,
            "pipeline_version_id": f"version-{len(self.state.versions) + 1}",
            "display_name": name,
        }
        self.state.versions.append(made)
        return made

    def _query(self, name: str) -> str:
        return parse_qs(urlsplit(self.path).query).get(name, [""])[0]

    def _filtered(self, key: str) -> str:
        asked = json.loads(self._query("filter") or "{}")
        values = [
            p.get("stringValue") or p.get("string_value")
            for p in asked.get("predicates", [])
            if p["key"] == key
        ]
        return values[0] if values else ""

    def _file(self, body: bytes) -> bytes:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        (part, *_) = message_from_bytes(head + body).get_payload()
        return part.get_payload(decode=True)

    def _reply(self, content: dict, status: int = 200) -> None:
        self._send(json.dumps(content).encode(), status)

    def _send(self, payload: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
