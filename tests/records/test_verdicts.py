"""A verdict survives the disk, and a damaged one is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Evidence, PresentChampion, ScoredModel, Verdict
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import ResultError
from cbvsynth.records.verdicts import read_verdict, write_verdict
from tests.domain.selection.tables import champion, constant_mean, scored, steady, table

Change = Callable[[dict[str, Any]], object]


def make(*models: ScoredModel, held: PresentChampion | None = None) -> Verdict:
    evidence = Evidence(per_exam={entry.model.slug: "ab" * 32 for entry in models}, baselines="cd" * 32)
    settings = GateSettings(bootstrap_samples=100)
    return evaluate_sweep(models, constant_mean(), held, settings, evidence).verdict


def verdicts() -> dict[str, Verdict]:
    before = [0.6 + 0.01 * exam for exam in range(12)]
    return {
        "promote": make(steady("encdec-t1", 0.8), steady("encdec-t1c", 0.9, lesion=3.0)),
        "no model": make(steady("encdec-t1", 0.4)),
        "against a champion": make(steady("encdec-t1", 0.8), held=champion("encdec-t2", before)),
        "no lesion, and a score that is no number": make(
            steady("encdec-t1", 0.8), scored("encdec-t2", table("encdec-t2", [0.1] * 11 + [0.2]))
        ),
    }


@pytest.mark.parametrize("name", list(verdicts()))
def test_what_is_read_is_what_was_written(tmp_path: Path, name: str):
    verdict = verdicts()[name]
    write_verdict(tmp_path / "verdict.json", verdict)
    assert read_verdict(tmp_path / "verdict.json") == verdict


def test_a_verdict_that_is_read_and_written_again_is_the_same_file(tmp_path: Path):
    write_verdict(tmp_path / "a", verdicts()["promote"])
    write_verdict(tmp_path / "b", read_verdict(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert '"found": 12,\n' in (tmp_path / "a").read_text()


def test_equal_verdicts_are_equal_files_that_say_first_whether_to_promote(tmp_path: Path):
    for name in ("a", "b"):
        write_verdict(tmp_path / name, verdicts()["promote"])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    content = json.loads((tmp_path / "a").read_text())
    assert list(content)[:3] == ["format", "promote", "outcome"]
    assert content["promote"] is True


def test_numbers_that_are_none_are_null_and_never_nan(tmp_path: Path):
    models = steady("encdec-t1", 0.8), scored("encdec-t2", table("encdec-t2", [0.5] * 12, lesions=nan))
    settings = GateSettings(bootstrap_samples=100)
    verdict = evaluate_sweep(models, constant_mean(), None, settings, Evidence({}, "")).verdict
    write_verdict(tmp_path / "verdict.json", verdict)
    assert "NaN" not in (tmp_path / "verdict.json").read_text()
    assert read_verdict(tmp_path / "verdict.json").leaders[1].lesion_bias is None


def test_a_missing_verdict_says_what_to_run(tmp_path: Path):
    with pytest.raises(ResultError, match="does not exist; run evaluate first"):
        read_verdict(tmp_path / "verdict.json")


def damaged(tmp_path: Path, change: Change):
    path = tmp_path / "verdict.json"
    write_verdict(path, verdicts()["promote"])
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_another_format_is_refused(tmp_path: Path):
    with pytest.raises(ResultError, match="has format 2, expected 1"):
        read_verdict(damaged(tmp_path, lambda content: content.update(format=2)))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("candidate"),
        lambda content: content.update(outcome="perhaps"),
        lambda content: content["settings"].update(alpha=7),
        lambda content: content["leaders"].append({"rank": 1}),
        lambda content: content.update(surprise=1),
    ],
)
def test_a_damaged_verdict_is_refused(tmp_path: Path, change: Change):
    with pytest.raises(ResultError, match=r"verdict\.json is not a verdict"):
        read_verdict(damaged(tmp_path, change))


def test_text_that_is_not_json_is_refused(tmp_path: Path):
    (tmp_path / "verdict.json").write_text("{")
    with pytest.raises(ResultError, match="is not a verdict"):
        read_verdict(tmp_path / "verdict.json")


@pytest.mark.parametrize("change", [{"promote": False}, {"candidate": None}])
def test_a_verdict_that_contradicts_itself_is_refused(tmp_path: Path, change: Change):
    with pytest.raises(ResultError, match="contradicts itself"):
        read_verdict(damaged(tmp_path, lambda content: content.update(change)))


def test_promote_follows_from_the_outcome_alone():
    verdict = verdicts()["no model"]
    assert not verdict.promote
    assert not replace(verdict, outcome=verdict.outcome).promote
