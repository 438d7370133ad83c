"""Quantitative cerebral blood volume maps synthesised from standard brain-tumour MRI."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: the look-up costs more than most programs' start."""
    if name != "__version__":
        raise AttributeError(f"module 'cbvsynth' has no attribute '{name}'")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("cbvsynth")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"
