"""A version on trial beside the champion."""

from __future__ import annotations

import pytest

from cbvsynth.commands.registry import canary
from cbvsynth.errors import RegistryError, UsageError
from tests.registry.odd_versions import delete, foreign_version
from tests.sync.promoted import promoted

__all__ = ["promoted"]
pytestmark = pytest.mark.slow


def test_a_canary_must_be_another_version_that_exists(promoted: None) -> None:
    with pytest.raises(UsageError, match="Version 2 of 'cbvsynth' is the champion"):
        canary(version=2)
    with pytest.raises(RegistryError, match="has no version 9; expected one of 1, 2"):
        canary(version=9)
    with pytest.raises(UsageError, match="both given"):
        canary(version=1, clear=1)


def test_a_version_that_could_not_be_served_is_no_canary(promoted: None) -> None:
    foreign = foreign_version()
    with pytest.raises(RegistryError, match=f"Version {foreign} has the tags model ''"):
        canary(version=foreign)


def test_a_canary_that_was_deleted_is_named_and_can_be_cleared(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asking which version is the canary ended in MLflow's traceback."""
    delete(1, "canary")
    with pytest.raises(RegistryError, match="'canary' of 'cbvsynth' points at version 1, which was deleted"):
        canary()
    canary(clear=1)
    assert "it was version 1" in capsys.readouterr().out
