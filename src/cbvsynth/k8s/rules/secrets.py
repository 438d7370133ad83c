"""No Secret in a manifest outside development, no password in plain sight anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, called

_NAMED = re.compile(r"passw|secret|token|api_?key|access_?key|credential|pseudonym_key", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"[a-z0-9+.-]+://[^/\s:@]+:[^/\s@]+@", re.IGNORECASE)
_KEY_SHAPED = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{30,}"
)


def check(cluster: Cluster) -> Iterator[str]:
    """Secrets that are written down, and what looks like one where none should be."""
    development = cluster.environment == "development"
    for secret in cluster.of_kind("Secret"):
        if not development:
            yield f"{called(secret)} is written down in {cluster.environment}; expected an ExternalSecret"
        elif secret["metadata"].get("labels", {}).get("cbvsynth.io/dev-only") != "true":
            yield f"{called(secret)} is not labelled cbvsynth.io/dev-only"
    for config in cluster.of_kind("ConfigMap"):
        for key, text in config.get("data", {}).items():
            yield from _literal(f"{called(config)}, {key}", key, str(text))
    for workload in cluster.workloads():
        for container in workload.containers:
            where = f"{workload.called}, {container['name']}"
            for variable in container.get("env", []):
                if "value" in variable:
                    yield from _literal(f"{where}, {variable['name']}", variable["name"], variable["value"])
            for argument in [*container.get("command", []), *container.get("args", [])]:
                yield from _literal(where, argument.partition("=")[0], argument.partition("=")[2] or argument)


def _literal(where: str, name: str, text: str) -> Iterator[str]:
    is_reference = text.startswith("$(")
    if _IN_ADDRESS.search(text):
        yield f"{where} holds an address with a password"
    if _KEY_SHAPED.search(text):
        yield f"{where} holds a key"
    is_path = name.lower().endswith("_file") and text.startswith("/")
    is_plain = text not in ("", "true", "false", name) and not is_reference and not is_path
    if _NAMED.search(name) and "\n" not in name and is_plain:
        yield f"{where} gives {name.splitlines()[0]} in plain sight; expected secretKeyRef"
