"""`cbvsynth verdict`: what was decided, and whether the stored tables still say so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.steps.evaluate import run
from tests.pages.sweep_files import champion_of, write_sweep
from tests.steps.test_evaluate import config_of, no_champion

pytestmark = pytest.mark.slow


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


def verdict(root: Path, *words: str) -> int:
    return main(["verdict", *words, "--evaluate", str(root / "evaluate")])


def test_the_stored_verdict_is_computed_again_from_its_tables(root: Path, capsys: pytest.CaptureFixture[str]):
    assert verdict(root, "--check", "--results", str(root / "train")) == 0
    assert "equal: the tables of 5 models give the stored verdict again (promote)" in capsys.readouterr().out


def test_the_verdict_against_a_champion_is_computed_again_as_well(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    held = champion_of(root / "train", "fcgan-t1")
    run(config_of(root), lambda _: held)
    assert verdict(root, "--check", "--results", str(root / "train")) == 0


def test_a_changed_table_is_noticed_and_the_places_are_named(root: Path, capsys: pytest.CaptureFixture[str]):
    path = root / "train/encdec-t1-t1c-adc/per_exam.csv"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([rows[0], *sorted(rows[1:], reverse=True)]) + "\n")
    assert verdict(root, "--check", "--results", str(root / "train")) == 1
    message = capsys.readouterr().err
    assert "differs from the stored one in 1 place:" in message
    assert "evidence.per_exam.encdec-t1-t1c-adc: stored" in message


def test_a_forged_decision_is_noticed(root: Path, capsys: pytest.CaptureFixture[str]):
    path = root / "evaluate/verdict.json"
    content = json.loads(path.read_text())
    content["candidate"]["lesion_bias"] += 0.5
    path.write_text(json.dumps(content))
    assert verdict(root, "--check", "--results", str(root / "train")) == 1
    assert "candidate.lesion_bias: stored" in capsys.readouterr().err


def test_the_verdict_is_shown_in_words(root: Path, capsys: pytest.CaptureFixture[str]):
    assert verdict(root) == 0
    printed = capsys.readouterr().out
    assert "✓ lesion-bias: mean lesion CBV" in printed
    assert "By available sequences: " in printed


def test_before_any_evaluation_it_says_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for words in ([], ["--check"]):
        assert verdict(tmp_path, *words) == 1
        assert "run evaluate first" in capsys.readouterr().err


def test_programs_get_the_stored_verdict(root: Path, capsys: pytest.CaptureFixture[str]):
    assert verdict(root, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((root / "evaluate/verdict.json").read_text())
