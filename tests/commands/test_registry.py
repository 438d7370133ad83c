"""What `cbvsynth registry` prints."""

from __future__ import annotations

import pytest

from cbvsynth.commands.registry import rollback, show
from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome
from cbvsynth.registry.champion import present_champion
from cbvsynth.steps.promote import run
from tests.registry.conftest import _own_folder, empty_database, empty_registry
from tests.registry.odd_versions import delete, foreign_version
from tests.registry.trained_models import decide, train

__all__ = ["_own_folder", "empty_database", "empty_registry"]
pytestmark = pytest.mark.slow


def test_an_empty_registry_says_how_to_fill_it(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    assert "has no version" in capsys.readouterr().out


@pytest.mark.usefixtures("empty_registry")
def test_list_and_rollback_name_versions_and_models(capsys: pytest.CaptureFixture[str]) -> None:
    train("encdec-t1c", 0.90)
    decide("encdec-t1c")
    run(PromoteConfig())
    champion = present_champion("cbvsynth")
    assert champion is not None
    train("fcgan-t1c", 0.95)
    decide("fcgan-t1c", Outcome.PROMOTE, (1, champion.model, champion.digest))
    run(PromoteConfig())
    capsys.readouterr()
    show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "encdec-t1c", champion.digest[:12], "-"]
    assert lines[2].split()[:2] == ["2", "fcgan-t1c"]
    assert "champion, best for 16" in lines[2]
    rollback()
    assert "is version 1 (encdec-t1c)" in capsys.readouterr().out


@pytest.mark.usefixtures("empty_registry")
def test_versions_of_others_and_aliases_of_deleted_versions_are_shown_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign_version()
    foreign_version()
    delete(2, "canary")
    show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "(not", "promoted", "by", "cbvsynth)", "-", "-"]
    assert lines[2].split() == ["2", "(deleted)", "-", "canary"]
