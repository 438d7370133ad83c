"""The client: from NIfTI files, through a prediction server, to a CBV map.

from cbvsynth.client import CbvClient
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cbvsynth.client.client import CbvClient

__all__ = ["CbvClient"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  what a module holds
    """Import the client when it is asked for: the command line reads `client.defaults` without gRPC."""
    if name == "CbvClient":
        from cbvsynth.client.client import CbvClient

        return CbvClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
