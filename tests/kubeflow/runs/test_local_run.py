"""The compiled package run on this machine: the same result as the programs, and what it does on trouble."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.kubeflow.tasks.artifacts import markdown_for_ui
from cbvsynth.pages.model_card import ORIGIN_NOTES
from cbvsynth.records.origins import BY_PHANTOM
from cbvsynth.records.results import read_scores
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.summaries import read_summary
from tests.kubeflow import demo_study
from tests.kubeflow.checkout import COMMITTED
from tests.kubeflow.demo_study import MODELS, place, program, run_local, run_programs

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    demo_study.make_study(folder)
    return folder


@pytest.fixture(scope="module")
def by_programs(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = place(tmp_path_factory.mktemp("programs") / "work", study)
    run_programs(folder)
    return folder


@pytest.fixture(scope="module")
def by_package(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = place(tmp_path_factory.mktemp("package") / "work", study)
    (folder / "said.txt").write_text(run_local(folder).stdout)
    return folder


def results(folder: Path, model: str) -> Path:
    """Where a model's results lie in either working folder."""
    (found,) = [
        *folder.glob(f"artifacts/train/{model}"),
        *folder.glob(f"artifacts/kubeflow/train/*/{model}"),
    ]
    return found


def verdict(folder: Path) -> dict[str, Any]:
    (found,) = [
        *folder.glob("artifacts/evaluate/verdict.json"),
        *folder.glob("artifacts/kubeflow/evaluate/*/verdict.json"),
    ]
    return json.loads(found.read_text())


def promotion(folder: Path) -> dict[str, Any]:
    (found,) = [
        *folder.glob("artifacts/promote/promotion.json"),
        *folder.glob("artifacts/kubeflow/promote/*/promotion.json"),
    ]
    return json.loads(found.read_text())


def cards(folder: Path) -> dict[str, str]:
    """Model cards by model."""
    found = [
        *folder.glob("artifacts/promote/model_cards/*.md"),
        *folder.glob("artifacts/kubeflow/promote/*/model_cards/*.md"),
    ]
    return {path.stem: path.read_text() for path in found}


def newest_run(folder: Path) -> Path:
    return max((folder / "artifacts/kubeflow/runs").iterdir(), key=lambda path: path.stat().st_mtime)


def registry(folder: Path) -> str:
    return program(folder, "-m", "cbvsynth.cli", "registry", "list").stdout


@pytest.mark.parametrize("model", MODELS)
def test_both_wirings_train_the_same_model(by_programs: Path, by_package: Path, model: str) -> None:
    """Digests of the SavedModel where bits agree, else every examination's SSIM to 1e-6."""
    one, other = (read_summary(results(path, model) / "summary.json") for path in (by_programs, by_package))
    assert one.data_fingerprint == other.data_fingerprint
    assert one.settings == other.settings
    if one.saved_model_digest != other.saved_model_digest:
        scores = [read_scores(results(path, model) / "per_exam.csv") for path in (by_programs, by_package)]
        for ours, theirs in zip(*scores, strict=True):
            assert ours.exam_id == theirs.exam_id
            assert ours.ssim_3d_whole == pytest.approx(theirs.ssim_3d_whole, abs=1e-6)


def test_both_wirings_give_the_same_verdict_and_the_same_registry(
    by_programs: Path, by_package: Path
) -> None:
    one, other = verdict(by_programs), verdict(by_package)
    assert one["outcome"] == other["outcome"] == "promote"
    assert one["candidate"]["model"] == other["candidate"]["model"]
    assert one["champions_by_availability"] == other["champions_by_availability"]
    left, right = promotion(by_programs), promotion(by_package)
    changing = {"verdict_sha256"} if one != other else set()
    assert {k: v for k, v in left.items() if k not in changing} == {
        k: v for k, v in right.items() if k not in changing
    }
    assert "champion" in registry(by_package)
    if one == other:
        assert registry(by_programs) == registry(by_package)


def test_both_wirings_write_the_same_model_cards_and_say_that_the_study_is_a_phantom(
    by_programs: Path, by_package: Path
) -> None:
    """Kubeflow's cards used to leave out that the study is a phantom: the receipt lay nowhere they looked."""
    one, other = cards(by_programs), cards(by_package)
    assert one.keys() == other.keys()
    assert promotion(by_package)["champion"] in other
    for card in (*one.values(), *other.values()):
        assert ORIGIN_NOTES[BY_PHANTOM] in card
    if verdict(by_programs) == verdict(by_package):
        assert one == other


def test_the_pages_of_the_run_are_there_and_lead_through_it(by_package: Path) -> None:
    pages = {page.name: page.read_text() for page in (newest_run(by_package) / "pages").iterdir()}
    assert sorted(pages) == [
        "evaluate-leaderboard.md",
        "evaluate-report.html",
        "plan-plan.md",
        "preprocess-split_report.md",
        "promote-decision_record.md",
        "promote-model_card.md",
        "validate-flow_chart.md",
        "validate-validation_report.html",
    ]
    champion = promotion(by_package)["champion"]
    assert pages["plan-plan.md"].startswith("# 2 models to train")
    assert "asks for 2: it can pass" in pages["preprocess-split_report.md"]
    assert "Examinations found: n = 17" in pages["validate-flow_chart.md"]
    assert pages["evaluate-leaderboard.md"].startswith("# Verdict: promote")
    assert "Table 2, ours beside the paper's" in pages["evaluate-leaderboard.md"]
    assert pages["promote-decision_record.md"].startswith(f"# 'cbvsynth' has a new champion: {champion}")
    assert pages["promote-model_card.md"] == markdown_for_ui(cards(by_package)[champion])
    assert ORIGIN_NOTES[BY_PHANTOM] in pages["promote-model_card.md"]


def test_a_run_says_what_its_tasks_say_and_nothing_of_the_runners(by_package: Path) -> None:
    said = (by_package / "said.txt").read_text()
    assert said.count("train done in") == 2
    assert "16 of 17 examinations accepted" in said
    assert "KFP Executor" not in said
    assert ".unfinished" not in said
    assert "KFP Executor" in (newest_run(by_package) / "run.log").read_text()
    assert not list((by_package / "artifacts/kubeflow").glob(".unfinished*"))


def test_no_artefact_of_a_run_holds_the_place_it_was_made_in(by_package: Path) -> None:
    for path in (by_package / "artifacts/kubeflow").rglob("*"):
        inside = path.relative_to(by_package / "artifacts/kubeflow").parts
        # The runner's own records and GX's pages are not ours; state and pages are.
        if path.is_file() and inside[0] not in ("data_docs", "runs"):
            assert str(by_package).encode() not in path.read_bytes(), inside


def test_one_failing_model_is_reported_and_the_gate_that_refuses_keeps_the_champion(
    by_package: Path,
) -> None:
    """With the package that people upload, told where things lie on this machine."""
    before = promotion(by_package)
    here = ("data=data", "workspace=artifacts/kubeflow")
    done = run_local(
        by_package,
        *("models=encdec-flair,encdec-t1c,fcgan-t1c", "keep_going=on", *here),
        package=COMMITTED,
    )
    assert "KFP Executor" not in done.stdout
    assert "encdec-flair failed; keep_going is on" in done.stdout
    assert done.stdout.count("is trained already") == 2
    pages = newest_run(by_package) / "pages"
    leaderboard = (pages / "evaluate-leaderboard.md").read_text()
    assert "1 of the 3 models of this sweep could not be trained" in leaderboard
    assert "- encdec-flair: " in leaderboard
    report = (pages / "evaluate-report.html").read_text()
    assert "incomplete sweep" in report
    assert "<b>encdec-flair</b>: " in report
    record = (pages / "promote-2-decision_record.md").read_text()
    assert record.startswith(f"# {before['champion']} stays champion of 'cbvsynth'")
    newest = max(
        by_package.glob("artifacts/kubeflow/promote/*/promotion.json"), key=lambda path: path.stat().st_mtime
    )
    after = json.loads(newest.read_text())
    assert (after["champion"], after["champion_version"]) == (before["champion"], before["champion_version"])
    assert after["aliases"] == before["aliases"]
    (stored,) = by_package.glob("artifacts/kubeflow/evaluate/*/not_trained.csv")
    assert sha256_of(stored.parent / "verdict.json") == after["verdict_sha256"]


def test_bad_data_stop_the_run_with_the_report(by_package: Path) -> None:
    done = run_local(by_package, "max_dropped_share=0", code=1)
    assert "error: The run ended early: 1 of 17 examinations were dropped" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "train" not in [line.split(" ")[0] for line in done.stdout.splitlines()]
    pages = newest_run(by_package) / "pages"
    assert (pages / "validate-flow_chart.md").read_text().startswith("> **The run stops here.** 1 of 17")
    assert "Data checks" in (pages / "validate-validation_report.html").read_text()


def test_an_empty_data_folder_is_said_before_anything_runs(tmp_path: Path) -> None:
    demo_study.write_params(tmp_path)
    done = run_local(tmp_path, code=1)
    assert "data is empty or missing; expected a study" in done.stderr
    assert not (tmp_path / "artifacts").exists()
