"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Some tests import TensorFlow themselves: what they score must be what a server's process answers.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# No deadline: a machine under load takes its time over an example, which says nothing about the code.
# In CI the examples are the same in every run, so that a red run can be repeated.
settings.register_profile("cbvsynth", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("cbvsynth")
