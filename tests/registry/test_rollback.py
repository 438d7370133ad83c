"""Going back to an earlier champion, also in a registry from which versions were deleted."""

from __future__ import annotations

import pytest

from cbvsynth.errors import RegistryError
from cbvsynth.registry.rollback import roll_back
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import aliases_of
from tests.registry.odd_versions import delete, foreign_version, tag
from tests.sync.promoted import crown, promoted

__all__ = ["promoted"]
pytestmark = pytest.mark.slow


def test_rollback_says_when_there_is_nothing_to_go_back_to() -> None:
    with pytest.raises(RegistryError, match="has no champion"):
        roll_back(open_registry("cbvsynth"))
    crown("encdec-t1c", 0.8)
    with pytest.raises(RegistryError, match="is the first champion"):
        roll_back(open_registry("cbvsynth"))
    with pytest.raises(RegistryError, match=r"Version 2 .* is not there, or not any more; expected one of 1"):
        roll_back(open_registry("cbvsynth"), 2)


def test_rolling_back_twice_goes_no_further_than_the_first_champion() -> None:
    """Forward and back between the same two is not what a second rollback means."""
    crown("encdec-t1c", 0.8)
    crown("encdec-t2", 0.9)
    assert aliases()["champion"] == 2
    roll_back(open_registry("cbvsynth"))
    assert aliases()["champion"] == 1
    refused("is the first champion")


def aliases() -> dict[str, int]:
    return aliases_of(open_registry("cbvsynth"))


def refused(words: str, to: int = 0) -> None:
    """Rolling back says so in one line and moves nothing."""
    before = aliases()
    with pytest.raises(RegistryError, match=words) as caught:
        roll_back(open_registry("cbvsynth"), to)
    assert "\n" not in str(caught.value)
    assert aliases() == before


def test_a_snapshot_that_names_a_deleted_version_is_refused_before_anything_moves(promoted: None) -> None:
    """The rollback moved some of the aliases, and then MLflow's traceback came."""
    crown("encdec-t2", 0.9, {"t2": "encdec-t2", "t1-t1c": "encdec-t1-t1c"})
    crown("encdec-t1-t1c-adc", 0.95)
    delete(1)
    refused(
        r"When version 2 .* version 1 was served beside it, which was deleted.*one of 3, 4 with --to", to=2
    )
    assert roll_back(open_registry("cbvsynth"), 3)[1].version == 3


def test_a_champion_before_that_was_deleted_is_named(promoted: None) -> None:
    delete(1)
    refused("Version 1 of 'cbvsynth' is not there, or not any more; expected one of")


def test_a_damaged_snapshot_is_as_none(promoted: None) -> None:
    for damaged in ("{", "[]", '{"champion": "two"}', '{"champion": 2}', "{}"):
        tag(1, "aliases", damaged)
        refused("Version 1 of 'cbvsynth' was never champion; expected one of 2", to=1)


def test_a_damaged_note_of_the_champion_before_is_as_none(promoted: None) -> None:
    tag(2, "replaces", "one")
    refused("is the first champion")


def test_a_version_of_somebody_else_never_was_champion(promoted: None) -> None:
    refused("was never champion; expected one of 1, 2", to=foreign_version())


@pytest.mark.parametrize("left", [(), ("champion",)])
def test_a_champion_that_was_deleted_can_be_gone_back_from_by_name(
    promoted: None, left: tuple[str, ...]
) -> None:
    """There was no way back to an earlier champion, only a new promotion."""
    delete(2, *left)
    refused("has no champion .*name an earlier champion with --to")
    before, now = roll_back(open_registry("cbvsynth"), 1)
    assert before is None
    assert now.version == 1
    assert aliases()["champion"] == 1
