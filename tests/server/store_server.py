"""A store of models with its folder, and what tests ask of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np


class Server:
    """A store with its models' folder; `log` keeps the lines for people."""

    def __init__(self, base: Path, options: Any = None, **freedom: bool) -> None:
        from cbvsynth.server.flags import ServerOptions
        from cbvsynth.server.program import build_store
        from cbvsynth.server.store import ModelStore

        self.base, self.log = base, []
        load = build_store(options or ServerOptions(model_base_path="unused"))._load
        freedoms = {"new_labels_free": False, "any_labels_free": False} | freedom
        self.store = ModelStore(load, self.log.append, **freedoms)

    def serve(self, text: str = "", labels: dict[str, int] | None = None, name: str = "sum") -> None:
        from google.protobuf import text_format
        from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

        from cbvsynth.server.configuration import models_of

        shown = "".join(
            f'version_labels {{ key: "{key}" value: {one} }}' for key, one in (labels or {}).items()
        )
        entry = f'name: "{name}" base_path: "{self.base}" model_platform: "tensorflow" {text} {shown}'
        config = text_format.Parse(f"model_config_list {{ config {{ {entry} }} }}", ModelServerConfig())
        self.store.configure(models_of(config))
        self.store.reconcile()

    def states(self) -> dict[int, str]:
        return {version: record.state.name for version, record in self.store.states("sum").items()}

    def answer(self, version: int | None = None, label: str = "") -> float:
        with self.store.borrow("sum", version, label) as served:
            return run(served)


def run(served: Any) -> float:
    ones = np.ones((1, 1, 1, 4), np.float32)
    return float(served.model.run("serving_default", {"t1": ones, "adc": ones}, ("cbv",))["cbv"].max())


def put(base: Path, version: str, source: Path) -> Path:
    return Path(shutil.copytree(source, base / version))
