"""kubectl, as a person types it, against the tests' own API server."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.programs import program

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Kubectl:
    """One user's kubectl."""

    kubeconfig: Path

    def _run(self, arguments: Sequence[object], given: str) -> subprocess.CompletedProcess[str]:
        command = [str(program("kubectl")), *(str(one) for one in arguments)]
        own = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl")}
        return subprocess.run(
            command, input=given, env={**os.environ, **own}, capture_output=True, text=True, check=False
        )

    def __call__(self, *arguments: object, given: str = "") -> str:
        """What a command prints; it must succeed and say nothing else."""
        done = self._run(arguments, given)
        assert done.returncode == 0, f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}"
        return done.stdout

    def refused(self, *arguments: object, given: str = "") -> str:
        """Why a command fails; it must."""
        done = self._run(arguments, given)
        assert done.returncode != 0, f"kubectl {' '.join(map(str, arguments))} was taken: {done.stdout}"
        return done.stderr

    def get(self, kind: str, name: str, namespace: str = "default") -> Manifest:
        """One object."""
        return dict(json.loads(self("get", kind, name, "--namespace", namespace, "--output=json")))

    def all(self, kind: str, namespace: str = "", selector: str = "") -> list[Manifest]:
        """All objects of a kind, in a namespace or everywhere."""
        where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        found = self("get", kind, *where, "--output=json", f"--selector={selector}")
        return list(json.loads(found)["items"])

    def apply(self, *arguments: object, given: str = "") -> list[str]:
        """Apply on the server, warnings being failures; a line for each object."""
        for _ in range(3):
            done = self._run((*APPLY, *arguments), given)
            # A server that has just started on a busy machine takes longer for its schema than kubectl waits.
            if "Client.Timeout" not in done.stderr:
                break
        assert done.returncode == 0, f"kubectl apply {' '.join(map(str, arguments))}: {done.stderr.strip()}"
        return done.stdout.splitlines()


APPLY = ("apply", "--server-side", "--validate=strict", "--warnings-as-errors")


def as_text(*objects: Manifest) -> str:
    """Objects as kubectl reads them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def eventually(holds: Callable[[], object], what: str, within_s: float = 120.0, every_s: float = 0.5) -> None:
    """Wait until something holds; what it was last goes into the failure if it never does.

    `holds` returns something true when it does, or else raises an AssertionError or returns something false.
    """
    deadline = time.monotonic() + within_s
    while True:
        said: object = None
        try:
            if holds():
                return
        except AssertionError as error:
            said = error
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}: {said}"
        time.sleep(every_s)
