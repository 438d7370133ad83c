"""Tests of sync that ask a registry have one of their own; making its tables once is enough."""

from __future__ import annotations

from tests.registry.conftest import _own_folder, empty_database, empty_registry
from tests.sync.promoted import promoted

__all__ = ["_own_folder", "empty_database", "empty_registry", "promoted"]
