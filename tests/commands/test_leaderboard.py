"""`cbvsynth leaderboard`: the models of the last evaluation, best first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.steps.evaluate import run
from tests.pages.sweep_files import write_sweep
from tests.steps.test_evaluate import config_of, no_champion

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_sweep(tmp_path_factory.mktemp("sweep"))
    run(config_of(root), no_champion)
    return root


def leaderboard(root: Path, *words: str) -> int:
    return main(["leaderboard", *words, "--evaluate", str(root / "evaluate")])


def test_the_leaderboard_is_shown_best_first_and_by_any_column(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
):
    assert leaderboard(evaluated) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:2] == ["1", "encdec-t1-t1c-adc"]
    assert max(map(len, lines[:9])) <= 100
    assert leaderboard(evaluated, "--sort_by", "mae_brain", "--top", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[2:5]] == ["encdec-t1-t1c-adc", "constant-mean", "tissue-mean"]
    assert leaderboard(evaluated, "--sort_by", "beauty") == 2


def test_before_any_evaluation_it_says_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert leaderboard(tmp_path) == 1
    assert "run evaluate first" in capsys.readouterr().err


def test_programs_get_every_column_as_json(evaluated: Path, capsys: pytest.CaptureFixture[str]):
    assert leaderboard(evaluated, "--json", "--top", "1") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["sorted_by"] == "ssim_3d_whole"
    assert [row["model"] for row in answer["models"]] == ["encdec-t1-t1c-adc"]
    assert 0 < answer["models"][0]["mean"]["ssim_3d_whole"] < 1
    assert {row["model"] for row in answer["baselines"]} >= {"constant-mean", "tissue-mean"}
