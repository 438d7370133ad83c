"""Quantitative cerebral blood volume maps synthesised from standard brain-tumour MRI."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cbvsynth")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
