"""The tests' own settings."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st


@given(st.just(0.25))
def test_an_example_may_take_as_long_as_it_takes(seconds: float) -> None:
    """Hypothesis allowed 0.2 s, which one test or another exceeded on a slow machine."""
    time.sleep(seconds)
