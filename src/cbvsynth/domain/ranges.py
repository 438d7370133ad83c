"""The least and the largest value of a number that users set."""

from __future__ import annotations

from cbvsynth.errors import UsageError

MAX_SEED = 2**63 - 1
"""NumPy takes any whole number from 0 on; files and tables that hold a seed take 64 bits."""
MAX_VERSION = 2**63 - 1
"""What TensorFlow Serving's messages hold of a version."""
MAX_PORT = 65535
MAX_WAIT_S = 7 * 24 * 3600.0
"""A week: longer than anybody waits, and short enough for every timer of the operating system."""


def require_range(name: str, found: float, low: float, high: float, remedy: str = "Change the flag.") -> None:
    """Hold a number to its limits, both included; NaN lies outside all limits.

    Raises:
        UsageError: it lies outside.
    """
    if not low <= found <= high:
        raise UsageError(f"{name} is {found}; expected {low} to {high}{per_cent_hint(found, high)}. {remedy}")


def per_cent_hint(found: float, high: float) -> str:
    """What to say of a number that is too large for a share and would do as a percentage; empty otherwise."""
    if not (0 < high < 1 + 1e-3 and high < found <= 100):
        return ""
    return f" ({found:g} looks like per cent: as a share it is {found / 100:g})"
