"""Defaults, in a module of their own without heavy imports, so that the command line starts at once."""

from __future__ import annotations

from enum import StrEnum

DEFAULT_SERVER = "localhost:8500"
"""TensorFlow Serving's own gRPC port."""
DEFAULT_MODEL = "cbvsynth"
"""Registered model, as promote names it."""
DEFAULT_TIMEOUT_S = 60.0
DEFAULT_ATTEMPTS = 5


class Protocol(StrEnum):
    """How a prediction server is spoken to, over gRPC."""

    TENSORFLOW = "tensorflow"
    """TensorFlow Serving's."""
    V2 = "v2"
    """The Open Inference Protocol, KServe's version 2."""
