"""The champion that evaluate compares with, also where it is not as promotion left it."""

from __future__ import annotations

import pytest

from cbvsynth.errors import RegistryError
from cbvsynth.registry.champion import present_champion
from tests.registry.odd_versions import delete, foreign_version, point
from tests.sync.promoted import promoted

__all__ = ["promoted"]
pytestmark = pytest.mark.slow


def test_a_champion_of_somebody_else_is_one_clear_line(promoted: None) -> None:
    foreign = foreign_version()
    point("champion", foreign)
    with pytest.raises(RegistryError, match=f"Version {foreign} has the tags model ''"):
        present_champion("cbvsynth")


def test_a_champion_that_was_deleted_is_one_clear_line(promoted: None) -> None:
    """MLflow's traceback came."""
    delete(2, "champion")
    with pytest.raises(RegistryError, match=r"'champion' .* points at version 2, which was deleted"):
        present_champion("cbvsynth")
