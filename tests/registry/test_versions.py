"""What a version's tags say, also where other hands changed them."""

from __future__ import annotations

import pytest

from cbvsynth.errors import RegistryError
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import (
    ModelVersion,
    aliases_of,
    fetch_artifact,
    list_versions,
    version_of,
    version_of_bytes,
)
from tests.registry.odd_versions import delete, foreign_version, point


def version(**tags: str) -> ModelVersion:
    return ModelVersion(3, "run", "source", tags, ())


@pytest.mark.parametrize(("tag", "number"), [("2", 2), ("", 0), ("two", 0), ("-1", 0), ("1.5", 0)])
def test_the_version_before_is_a_number_or_none(tag: str, number: int) -> None:
    assert version(replaces=tag).replaces == number
    assert version().replaces == 0


@pytest.mark.parametrize("tag", ["", "{", "[1]", "null", '{"champion": "x"}', '{"champion": 2}', "{}"])
def test_a_snapshot_that_is_not_of_this_champion_is_none(tag: str) -> None:
    assert version(aliases=tag).alias_snapshot == {}


def test_a_snapshot_is_read_as_it_was_stored() -> None:
    stored = version(aliases='{"available-t1": 1, "champion": 3}')
    assert stored.alias_snapshot == {"available-t1": 1, "champion": 3}


def test_before_the_first_promotion_there_is_nothing_and_no_file_is_made(tmp_path) -> None:
    registry = open_registry("cbvsynth")
    assert aliases_of(registry) == {}
    assert list_versions(registry) == ()
    assert version_of(registry, "champion") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("empty_registry")
def test_versions_come_oldest_first_with_their_aliases_and_without_deleted_ones(tmp_path) -> None:
    """Where a version's run was gone, its artefacts "were not reached": the registry had answered."""
    numbers = [foreign_version(model=f"model-{number}") for number in range(12)]
    point("champion", numbers[10])
    delete(numbers[4], "canary")
    found = list_versions(open_registry("cbvsynth"))
    assert [one.version for one in found] == [number for number in numbers if number != numbers[4]]
    champion = version_of(open_registry("cbvsynth"), "champion")
    assert champion is not None
    assert (champion.version, champion.model, champion.aliases) == (numbers[10], "model-10", ("champion",))
    with pytest.raises(RegistryError, match=r"'canary' .* points at version 5, which was deleted"):
        version_of(open_registry("cbvsynth"), "canary")
    with pytest.raises(RegistryError, match="Version 11 of 'cbvsynth' has no artefact 'model'"):
        fetch_artifact(open_registry("cbvsynth"), champion, "model", tmp_path / "copy")


@pytest.mark.slow
@pytest.mark.usefixtures("empty_registry")
def test_the_version_of_a_models_bytes_is_asked_for_by_their_digest() -> None:
    """Every model of a promotion had all versions listed: 31 models and 500 versions, 31 times 500."""
    for digest, data in (("a", "1"), ("b", "1"), ("a", "2"), ("b", "1")):
        foreign_version(saved_model_digest=digest, data_fingerprint=data)
    registry = open_registry("cbvsynth")
    asked = [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("c", "1")]
    assert [version_of_bytes(registry, *one) for one in asked] == [1, 2, 3, 0, 0]
    delete(2)
    assert version_of_bytes(registry, "b", "1") == 4
