"""From aliases to labels."""

from __future__ import annotations

import pytest

from cbvsynth.domain.sequences import Combination, all_combinations
from cbvsynth.errors import RegistryError
from cbvsynth.registry.served import ServedState
from cbvsynth.registry.versions import ModelVersion, available_alias
from cbvsynth.sync.options import Mode
from cbvsynth.sync.plan import plan

MODELS = {3: "encdec-t2", 5: "encdec-t1-t1c", 6: "fcgan-t1c", 7: "encdec-t1-t1c-adc", 8: "encdec-t2-flair"}


def state(**aliases: int) -> ServedState:
    """Version 7 replaced 5; 6 and 8 are nobody's best."""
    tags = {"target_unit": "mL/100g"}
    versions = {
        number: ModelVersion(
            number,
            f"run-{number}",
            "",
            tags
            | {"model": slug, "saved_model_digest": f"d{number}"}
            | ({"replaces": "5"} if number == 7 else {}),
            (),
        )
        for number, slug in MODELS.items()
    }
    best = {}
    for pattern in all_combinations():
        for number in (7, 5, 3):
            if Combination.parse(MODELS[number].partition("-")[2]).usable_with(pattern.sequences):
                best[available_alias(pattern)] = number
                break
    return ServedState({"champion": 7, **best, **aliases}, versions, "ssim_3d_whole", {7: 0.86})


def versions(mode: Mode, **aliases: int) -> list[int]:
    return [one.version for one in plan("cbvsynth", state(**aliases), mode).selection.versions]


def test_each_mode_loads_what_it_says() -> None:
    assert versions(Mode.CHAMPION) == [5, 7]
    assert versions(Mode.FALLBACK) == [3, 5, 7]
    assert versions(Mode.ALL) == [3, 5, 6, 7, 8]
    assert versions(Mode.CHAMPION, canary=8) == [5, 7, 8]


def test_labels_are_the_champion_what_it_replaced_and_the_canary() -> None:
    planned = plan("cbvsynth", state(canary=6, challenger=8), Mode.FALLBACK).selection
    assert planned.labels == {"stable": 7, "previous": 5, "canary": 6}
    assert planned.version(8) is None


def test_patterns_are_the_aliases_and_only_of_what_is_loaded() -> None:
    best = plan("cbvsynth", state(), Mode.FALLBACK).selection.patterns
    assert best[Combination.parse("t1-t2-t1c-flair-adc")] == 7
    assert best[Combination.parse("t1-t2-t1c-flair")] == 5
    assert best[Combination.parse("t2-flair")] == 3
    assert Combination.parse("t1") not in best
    champion_only = plan("cbvsynth", state(), Mode.CHAMPION).selection
    assert set(champion_only.patterns.values()) == {5, 7}


def test_a_version_tells_its_score_where_it_is_known() -> None:
    planned = plan("cbvsynth", state(), Mode.FALLBACK).selection
    by_number = {one.version: one for one in planned.versions}
    assert by_number[7].ssim == 0.86
    assert by_number[5].ssim is None
    assert (by_number[7].model.slug, by_number[7].digest) == ("encdec-t1-t1c-adc", "d7")


def test_a_predecessor_that_was_deleted_is_not_waited_for() -> None:
    known = state()
    left = {number: version for number, version in known.versions.items() if number != 5}
    aliases = {alias: number for alias, number in known.aliases.items() if number != 5}
    assert "previous" not in plan("cbvsynth", ServedState(aliases, left), Mode.FALLBACK).selection.labels


def test_without_a_champion_nothing_is_planned() -> None:
    with pytest.raises(RegistryError, match="has no champion"):
        plan("cbvsynth", ServedState({}, {}), Mode.FALLBACK)


def test_an_alias_on_a_deleted_version_is_left_out() -> None:
    planned = plan("cbvsynth", state(canary=99), Mode.FALLBACK)
    assert planned.selection.labels == {"stable": 7, "previous": 5}
    (why,) = planned.left_out
    assert why.startswith("Version 99, which the alias 'canary' points at, was deleted")
