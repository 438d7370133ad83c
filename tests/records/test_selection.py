"""selection.json: written by sync, read by the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit, all_combinations
from cbvsynth.errors import ModelError
from cbvsynth.records.selection import (
    Selection,
    ServedVersion,
    pattern_label,
    read_selection,
    write_selection,
)
from cbvsynth.registry.versions import available_alias

ALL = Combination.parse("t1-t2-t1c-flair-adc")


def served(number: int, slug: str, ssim: float | None = 0.8) -> ServedVersion:
    return ServedVersion(number, ModelId.parse(slug), TargetUnit.ML_PER_100G, f"digest-{number}", ssim)


def selection(**changes: Any) -> Selection:
    content: dict[str, Any] = {
        "registered_name": "cbvsynth",
        "select_by": "ssim_3d_whole",
        "versions": (served(7, "encdec-t1-t1c-adc", 0.8629), served(12, "encdec-t2-t1c", None)),
        "patterns": {ALL: 7, Combination.parse("t2-t1c"): 12},
        "labels": {"stable": 7, "canary": 12},
    }
    return Selection(**(content | changes))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "selection.json"
    write_selection(path, selection())
    assert read_selection(path) == selection()
    assert path.read_text().startswith(
        '{\n  "format": 1,\n  "registered_name": "cbvsynth",\n  "select_by": "ssim_3d_whole",\n'
        '  "labels": {\n    "canary": 12,\n    "stable": 7\n  },\n'
        '  "versions": {\n    "7": {\n      "model": "encdec-t1-t1c-adc",\n      "sequences": [\n'
    )


def test_the_same_content_gives_the_same_bytes_in_whatever_order_it_was_collected(tmp_path: Path) -> None:
    turned = selection(
        versions=tuple(reversed(selection().versions)),
        patterns=dict(reversed(list(selection().patterns.items()))),
        labels=dict(reversed(list(selection().labels.items()))),
    )
    write_selection(tmp_path / "a.json", selection())
    write_selection(tmp_path / "b.json", turned)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_best_version_is_found_by_pattern_and_none_where_no_model_passed() -> None:
    best = selection().best_for(ALL)
    assert best is not None
    assert best.version == 7
    assert selection().best_for(Combination.parse("t1")) is None


def test_pattern_labels_are_the_aliases_of_the_registry() -> None:
    assert [pattern_label(one) for one in all_combinations()] == [
        available_alias(one) for one in all_combinations()
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": {"stable": 3}}, "'stable' points at version 3"),
        ({"patterns": {ALL: 4}}, "points at version 4"),
        ({"patterns": {Combination.parse("t1-t2"): 12}}, "needs more than these sequences"),
        ({"versions": (served(7, "encdec-t1"), served(7, "encdec-t2")), "patterns": {}}, "twice"),
    ],
)
def test_a_selection_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        selection(**changes)


def damaged(tmp_path: Path, change: Any) -> Path:
    path = tmp_path / "selection.json"
    write_selection(path, selection())
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content.update(format=2), "format 2, expected 1"),
        (lambda content: content.pop("patterns"), "missing required field `patterns`"),
        (lambda content: content["patterns"].update({"t9": 7}), "cannot be read"),
        (
            lambda content: content["versions"]["7"].update(target_unit="litres"),
            "Invalid enum value 'litres'",
        ),
        (lambda content: content["versions"]["7"].update(sequences=["t1"]), "expected the two to agree"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_selection(damaged(tmp_path, change))


def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    path = damaged(tmp_path, lambda content: content.update(later={"a": 1}))
    assert read_selection(path) == selection()


def test_a_missing_file_says_what_to_do_without_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"selection.json does not exist.*--selection") as caught:
        read_selection(tmp_path / "selection.json")
    assert str(tmp_path) not in str(caught.value)


def test_text_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "selection.json").write_bytes(b"\xff{")
    with pytest.raises(ModelError, match="is not a selection of models"):
        read_selection(tmp_path / "selection.json")
