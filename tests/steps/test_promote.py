"""The promote step: the record, the cards, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import ResultError
from cbvsynth.records.origins import BY_PHANTOM, NOT_RECORDED, Origin
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.summaries import read_summary, write_summary
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.slow
MODEL = "encdec-t1c"
SUMMARY = Path("artifacts/train") / MODEL / "summary.json"
CARD = Path("artifacts/promote/model_cards") / f"{MODEL}.md"


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One model that passed the gate, and an empty registry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    train(MODEL, 0.9)
    decide(MODEL, by_availability={"t1c": MODEL})


def test_the_record_says_what_was_done_on_which_verdict(
    judged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run(PromoteConfig())
    record = json.loads(Path("artifacts/promote/promotion.json").read_text())
    assert (record["outcome"], record["champion"], record["champion_version"]) == ("promote", MODEL, 1)
    assert record["verdict_sha256"] == sha256_of(PromoteConfig().verdict)
    told = capsys.readouterr().out
    assert "'cbvsynth' has a champion: version 1, encdec-t1c." in told
    assert "1 model serves 1 of the 31 sets of available sequences." in told


@pytest.mark.parametrize(
    ("origin", "note", "tag"),
    [
        (Origin(BY_PHANTOM, 7, "abc"), "**A digital phantom.**", "digital phantom, seed 7, digest abc"),
        (NOT_RECORDED, "**Origin not recorded.**", "not recorded"),
    ],
)
def test_card_and_registry_say_what_the_model_learned_from_without_any_receipt(
    judged: None, origin: Origin, note: str, tag: str
) -> None:
    """Without artifacts/data.json beside the results nothing said that a model was a phantom's."""
    write_summary(SUMMARY, replace(read_summary(SUMMARY), origin=origin))
    run(PromoteConfig())
    assert note in CARD.read_text()
    (version,) = list_versions(open_registry("cbvsynth"))
    assert version.tags["data_origin"] == tag


def test_results_that_changed_after_the_verdict_are_refused(judged: None) -> None:
    train(MODEL, 0.99)
    with pytest.raises(ResultError, match="not the one that the verdict rests on"):
        run(PromoteConfig())
