"""What holds for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Some tests import TensorFlow themselves: what they score must be what a server's process answers.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# And compute in one thread, as every program of ours does.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No deadline: a machine under load takes its time over an example, which says nothing about the code.
# In CI the examples are the same in every run, so that a red run can be repeated.
settings.register_profile("cbvsynth", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("cbvsynth")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: a long one that begins last keeps one process busy alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
