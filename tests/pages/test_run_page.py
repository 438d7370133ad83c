"""The page of a run: its charts, what its models cost, and the examinations that have a map."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pytest

from cbvsynth.domain.selection.records import Outcome
from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.image_checks import read_checks
from cbvsynth.pages.run_page import RunInputs, model_costs, write_run
from cbvsynth.pages.tables.leaderboard import read_leaderboard
from cbvsynth.records.examinations import read_index
from cbvsynth.records.maps import read_map_index, read_measures
from cbvsynth.records.results import read_scores
from cbvsynth.records.verdicts import read_verdict
from tests.pages.run_files import SHOWN
from tests.pages.run_files import write_run as write_run_files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunInputs:
    root = write_run_files(tmp_path_factory.mktemp("run"))
    verdict = read_verdict(root / "evaluate/verdict.json")
    scores = {slug: read_scores(root / f"train/{slug}/per_exam.csv") for slug in verdict.evidence.per_exam}
    return RunInputs(
        verdict=verdict,
        scores=scores,
        shown_scores=scores[SHOWN],
        baselines=read_leaderboard(root / "evaluate/leaderboard.csv")[1],
        costs=model_costs(verdict, scores, root / "train", root / "checkpoints"),
        index=read_index(root / "preprocess"),
        maps_root=root / "maps",
        maps=read_map_index(root / "maps"),
        measures=read_measures(root / "maps"),
        checks=read_checks(root / "validate"),
        others=[],
    )


def written(run: RunInputs, folder: Path) -> str:
    write_run(folder, run)
    return (folder / "index.html").read_text(encoding="utf-8")


def test_costs_are_those_recorded_beside_the_checkpoints(run: RunInputs):
    costs = {cost.model: cost for cost in run.costs}
    assert costs[ModelId.parse("encdec-t1")].train_s == 10.0
    assert isnan(costs[ModelId.parse(SHOWN)].train_s), "nothing was recorded"
    assert costs[ModelId.parse(SHOWN)].ssim_mean == max(cost.ssim_mean for cost in run.costs)


def test_costs_are_told_where_they_were_recorded_and_a_dash_where_not(run: RunInputs, tmp_path: Path):
    lines = written(run, tmp_path).splitlines()
    rows = {row[0]: row for row in (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in lines) if row}
    assert rows["encdec-t1"][4:8] == ["10.0", "1.0", "0.5", "CPU, 2 threads"]
    assert rows[SHOWN][4:9] == ["–", "–", "–", "–", "sequences"]
    assert rows["encdec-t1c"][8] == "sequences, time"
    assert rows["fcgan-t1"][8] == "–"


@pytest.mark.parametrize(
    ("outcome", "tone"),
    [(Outcome.PROMOTE, "good"), (Outcome.NO_MODEL_PASSES, "bad"), (Outcome.NOT_BETTER, "plain")],
)
def test_the_verdict_is_framed_as_in_its_own_report(
    run: RunInputs, tmp_path: Path, outcome: Outcome, tone: str
):
    """A champion was framed as a warning."""
    page = written(replace(run, verdict=replace(run.verdict, outcome=outcome)), tmp_path)
    assert f'<p class="callout {tone}">{run.verdict.text}</p>' in page


def test_a_box_a_model_lines_of_the_trivial_maps_and_a_mark_an_examination(run: RunInputs, tmp_path: Path):
    html = written(run, tmp_path)
    for slug in run.scores:
        assert f"<title>{slug}: mean " in html
    assert "constant-mean map</text>" in html
    assert html.count("<title>e04: real ") == 2, "lesion CBV and hot-spot nCBV"


def test_an_examination_without_a_ratio_is_left_out_of_the_plot_of_ratios_only(
    run: RunInputs, tmp_path: Path
):
    measures = {
        key: replace(found, hot_spot_ratio=nan) if found.exam_id == "e04" else found
        for key, found in run.measures.items()
    }
    html = written(replace(run, measures=measures), tmp_path)
    assert html.count("<title>e04: real ") == 1


def test_without_maps_there_is_the_page_of_the_run_alone(run: RunInputs, tmp_path: Path):
    assert write_run(tmp_path, replace(run, maps=None, measures={})) == 1
    assert [path.name for path in tmp_path.rglob("*.html")] == ["index.html"]
