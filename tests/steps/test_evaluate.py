"""The whole step, from the sweep's files to the verdict and its report."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig
from cbvsynth.domain.options import Baseline
from cbvsynth.domain.sequences import all_combinations
from cbvsynth.errors import ResultError, UnitError, UsageError
from cbvsynth.records.examinations import read_index
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.steps.evaluate import run
from tests.pages.sweep_files import MODELS, champion_of, write_model, write_sweep
from tests.pages.web_page import require_good_page

pytestmark = pytest.mark.slow

FILES = {
    "baselines.csv",
    "bland_altman.png",
    "champions.csv",
    "comparisons.csv",
    "leaderboard.csv",
    "leaderboard.md",
    "montage.png",
    "report.html",
    "report.md",
    "ssim_by_combination.png",
    "table2.csv",
    "table2.html",
    "table2.md",
    "table2.png",
    "verdict.json",
    "where_it_errs.png",
}


def no_champion(name: str) -> None:
    assert name == "cbvsynth"


def config_of(root: Path, **changes: object) -> EvaluateConfig:
    config = EvaluateConfig(
        models=tuple(MODELS),
        results=root / "train",
        examinations=root / "preprocess",
        out=root / "evaluate",
        bootstrap_samples=200,
    )
    return replace(config, **changes)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_sweep(tmp_path_factory.mktemp("sweep"))
    run(config_of(root), no_champion)
    return root


@pytest.fixture
def root(evaluated: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(evaluated, tmp_path / "sweep")
    return tmp_path / "sweep"


def test_the_best_model_is_the_candidate_and_the_step_says_so(root: Path, capsys: pytest.CaptureFixture[str]):
    summary = run(config_of(root), no_champion)
    assert (summary.promote, summary.outcome, summary.candidate) == (True, "promote", "encdec-t1-t1c-adc")
    assert summary.report.is_file()
    printed = capsys.readouterr().out
    assert "Promote encdec-t1-t1c-adc (rank 1)" in printed
    assert "For research only" in printed
    assert str(summary.report) in printed


def test_every_file_is_there_and_nothing_else(evaluated: Path):
    assert {path.name for path in (evaluated / "evaluate").iterdir()} == FILES


def test_the_same_sweep_gives_the_same_bytes(root: Path, evaluated: Path):
    run(config_of(root), no_champion)
    for name in FILES:
        assert (root / "evaluate" / name).read_bytes() == (evaluated / "evaluate" / name).read_bytes(), name


def test_the_report_needs_no_network_and_names_no_path(evaluated: Path):
    html = (evaluated / "evaluate" / "report.html").read_text(encoding="utf-8")
    assert RESEARCH_NOTE in html
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*", html) == []
    assert re.findall(r"url\((?!#)", html) == [], "a chart's parts refer to each other only"
    assert (html.count("data:image/png;base64,"), html.count("<svg")) == (1, 3)
    for path in (evaluated / "evaluate").iterdir():
        if path.suffix in (".html", ".md", ".csv", ".json"):
            assert str(evaluated) not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("name", ["report.html", "table2.html"])
def test_the_pages_can_be_read_out_and_fetch_nothing(evaluated: Path, name: str):
    require_good_page(evaluated / "evaluate" / name)


def test_champions_by_availability_cover_all_patterns_that_a_model_can_serve(evaluated: Path):
    with (evaluated / "evaluate" / "champions.csv").open(encoding="utf-8") as source:
        rows = {row["available"]: row["model"] for row in csv.DictReader(source)}
    assert list(rows) == [combination.slug for combination in all_combinations()]
    assert rows["t1-t2-t1c-flair"] == "encdec-t1c"
    assert rows["t2-flair-adc"] == ""


def test_a_second_sweep_meets_the_champion_and_stores_its_table(root: Path):
    held = champion_of(root / "train", "fcgan-t1")
    summary = run(config_of(root), lambda _: held)
    verdict = read_verdict(root / "evaluate" / "verdict.json")
    assert summary.promote
    assert verdict.champion.version == 7
    assert verdict.champion.mean_difference > 0
    assert verdict.champion.p_value < 0.05
    assert (root / "evaluate" / "champion_per_exam.csv").is_file()
    assert len(verdict.evidence.champion) == 64


def test_the_champion_itself_is_not_promoted_again(root: Path):
    held = champion_of(root / "train", "encdec-t1-t1c-adc", digest="digest of encdec-t1-t1c-adc")
    summary = run(config_of(root), lambda _: held)
    assert (summary.promote, summary.outcome) == (False, "already-champion")


def test_no_model_passes_is_a_result_with_a_report_of_the_best(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    summary = run(config_of(root, min_examinations=50), no_champion)
    assert (summary.promote, summary.outcome, summary.candidate) == (False, "no-model-passes", "")
    html = summary.report.read_text(encoding="utf-8")
    assert "encdec-t1-t1c-adc, the best by SSIM (refused)" in html
    assert "Refused although best by SSIM:" in capsys.readouterr().out


def test_the_report_says_where_the_model_errs_and_what_is_on_the_wrong_side(evaluated: Path):
    for name in ("report.html", "report.md"):
        text = (evaluated / "evaluate" / name).read_text(encoding="utf-8")
        assert "on the wrong side" in text
        assert "tissue outside the lesion" in text
        assert "Drawing the 12 held-out patients again 200 times" in text


def test_results_of_an_earlier_release_are_judged_without_the_places(root: Path):
    for model in MODELS:
        (root / "train" / model / "regions.csv").unlink()
    run(config_of(root), no_champion)
    assert "Where it errs" not in (root / "evaluate/report.html").read_text(encoding="utf-8")


def test_a_loosened_gate_is_loud_in_the_report(root: Path, capsys: pytest.CaptureFixture[str]):
    run(config_of(root, max_lesion_bias=10.0, required_baselines=()), no_champion)
    words = "LOOSENED GATE: required_baselines lacks constant-mean"
    assert "THE GATE WAS LOOSENED: required_baselines lacks constant-mean" in capsys.readouterr().out
    for name in ("report.html", "report.md"):
        assert words in (root / "evaluate" / name).read_text(encoding="utf-8")


def test_a_required_baseline_can_be_asked_for(root: Path):
    baselines = (Baseline.CONSTANT_MEAN, Baseline.TISSUE_MEAN)
    run(config_of(root, required_baselines=baselines), no_champion)
    names = [check.name for check in read_verdict(root / "evaluate/verdict.json").candidate.checks]
    assert "beats-tissue-mean-ssim" in names


def test_a_study_without_lesions_is_judged_by_ssim_and_says_so(tmp_path: Path):
    names = [f"e{number:02d}" for number in range(16)]
    root = write_sweep(tmp_path, {"encdec-t1": 0.3}, without_seg=names)
    summary = run(config_of(root, models=("encdec-t1",)), no_champion)
    checks = {
        check.name: check.passed for check in read_verdict(root / "evaluate/verdict.json").candidate.checks
    }
    assert summary.promote
    assert checks["lesion-bias"] is None
    assert not (root / "evaluate/bland_altman.png").exists()


def test_models_lacking_examinations_without_adc_are_compared_on_the_common_ones(tmp_path: Path):
    root = write_sweep(tmp_path, without_adc=["e05", "e06"])
    run(config_of(root), no_champion)
    assert read_verdict(root / "evaluate/verdict.json").examinations == 10


def test_examples_may_be_switched_off(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3}, examples=0)
    summary = run(config_of(root, models=("encdec-t1",)), no_champion)
    assert not (root / "evaluate/montage.png").exists()
    assert 'id="maps"' not in summary.report.read_text(encoding="utf-8")


def test_missing_models_are_named_with_what_to_run(root: Path):
    with pytest.raises(ResultError, match=r"1 of the sweep's 6 models have no results .*: fcgan-t2\. Run"):
        run(config_of(root, models=(*MODELS, "fcgan-t2")), no_champion)


def test_models_that_left_the_sweep_are_not_looked_at(root: Path):
    run(config_of(root, models=("encdec-t1", "fcgan-t1")), no_champion)
    assert read_verdict(root / "evaluate/verdict.json").models == 2


def test_models_of_another_version_of_the_data_are_refused(root: Path):
    index = read_index(root / "preprocess")
    write_model(root / "train", index, "encdec-t2", 0.5, data_fingerprint="0" * 64)
    with pytest.raises(ResultError, match="differ in their data fingerprint"):
        run(config_of(root, models=(*MODELS, "encdec-t2")), no_champion)
    with pytest.raises(ResultError, match="encdec-t2 was trained on data 000000000000, the cached"):
        run(config_of(root, models=("encdec-t2",)), no_champion)


def test_models_of_another_unit_are_refused(root: Path):
    index = read_index(root / "preprocess")
    write_model(root / "train", index, "encdec-t2", 0.5, target_unit="relative")
    path = root / "train/encdec-t2/per_exam.csv"
    path.write_text(path.read_text().replace("mL/100g", "relative"))
    with pytest.raises(UnitError, match="differ in their target unit"):
        run(config_of(root, models=(*MODELS, "encdec-t2")), no_champion)


def test_a_model_scored_on_other_examinations_than_are_held_out_is_refused(root: Path):
    path = root / "train/encdec-t1/per_exam.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(ResultError, match=r"scored on 11 examinations, 12 are held out .*different: e15"):
        run(config_of(root, models=("encdec-t1",)), no_champion)


def test_a_folder_that_is_not_ours_is_not_replaced(root: Path):
    (root / "mine").mkdir()
    (root / "mine/thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not a folder of evaluate"):
        run(config_of(root, out=root / "mine"), no_champion)
    assert (root / "mine/thesis.txt").read_text() == "years of work"


def test_after_an_error_the_former_report_is_still_there(root: Path):
    before = (root / "evaluate/verdict.json").read_bytes()
    (root / "train/encdec-t1-t1c-adc/examples.npz").write_bytes(b"damaged")
    with pytest.raises(ResultError, match=r"examples\.npz is damaged"):
        run(config_of(root), no_champion)
    assert (root / "evaluate/verdict.json").read_bytes() == before
    assert [path.name for path in root.iterdir() if path.name.startswith(".evaluate")] == []


def test_the_program_explains_itself_without_heavy_imports():
    code = (
        "import sys; sys.argv=['x','--help']\n"
        "import runpy\n"
        "try: runpy.run_module('components.evaluate', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'matplotlib', 'scipy', 'mlflow', 'tensorflow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--max_lesion_bias" in done.stdout
