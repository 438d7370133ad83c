"""What the registry's aliases and tags mean to those who serve; copying is tested in sync."""

from __future__ import annotations

import pytest

from cbvsynth.domain.sequences import ModelId, TargetUnit
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import ServedVersion
from cbvsynth.registry.served import as_served, labels_of, stored_digests
from cbvsynth.registry.versions import ModelVersion

TAGS = {"model": "encdec-t1-t1c", "target_unit": "mL/100g", "saved_model_digest": "4f"}


def version(number: int, **tags: str) -> ModelVersion:
    return ModelVersion(number, f"run-{number}", "", TAGS | tags, ())


def test_labels_are_the_champion_what_it_replaced_and_the_canary() -> None:
    versions = {1: version(1), 2: version(2, replaces="1"), 3: version(3)}
    aliases = {"champion": 2, "challenger": 3, "canary": 3, "available-t1": 1}
    assert labels_of(aliases, versions) == {"stable": 2, "previous": 1, "canary": 3}
    assert labels_of({"champion": 1}, versions) == {"stable": 1}
    assert labels_of({}, versions) == {}


def test_a_version_before_that_is_gone_has_no_label_and_a_champion_that_is_gone_keeps_its() -> None:
    versions = {2: version(2, replaces="1")}
    assert labels_of({"champion": 2}, versions) == {"stable": 2}
    assert labels_of({"champion": 9}, versions) == {"stable": 9}


def test_a_version_is_what_its_tags_say() -> None:
    expected = ServedVersion(4, ModelId.parse("encdec-t1-t1c"), TargetUnit.ML_PER_100G, "4f", 0.8)
    assert as_served(version(4), 0.8) == expected


@pytest.mark.parametrize(
    "tags", [{"model": ""}, {"model": "resnet"}, {"target_unit": ""}, {"target_unit": "l"}]
)
def test_a_version_whose_tags_are_not_ours_is_refused(tags: dict[str, str]) -> None:
    with pytest.raises(RegistryError, match=r"Version 4 has the tags model '.*' and target_unit '.*';"):
        as_served(version(4, **tags))


@pytest.mark.parametrize(
    ("tag", "digests"),
    [('{"a": "00"}', {"a": "00"}), ("{", {}), ("[1]", {}), ("null", {}), ("1", {}), ("", {})],
)
def test_a_damaged_list_of_digests_is_as_none(tag: str, digests: dict[str, str]) -> None:
    assert stored_digests(version(4, saved_model_sha256=tag)) == digests
    assert stored_digests(version(4)) == {}
