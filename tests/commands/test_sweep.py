"""`cbvsynth sweep ...`"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.records.costs import TrainingCost, write_cost
from cbvsynth.records.ledger import RunState, RunStatus, write_state
from cbvsynth.records.parameters import read_sweep_models, write_sweep_models
from cbvsynth.records.summaries import TrainSummary, write_summary

GONE = 2**22 + 1
"""No process: above the largest process id of Linux."""

Status = Callable[..., dict[str, list[str]]]

STATE = RunState("", RunStatus.RUNNING, 3, 8, 40.0, "2026-01-01", "2026-01-01", GONE, 0, "", "f")


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text("train:\n  epochs: 8 # few\nsweep:\n  models: []\n")
    return path


@pytest.fixture
def status(params: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Status:
    def run(*models: str) -> dict[str, list[str]]:
        """Rows of the table by model, and the last line under ''."""
        params.write_text("sweep:\n  models:\n" + "".join(f"    - {model}\n" for model in models))
        folders = ["--results", str(tmp_path / "train"), "--checkpoints", str(tmp_path / "checkpoints")]
        assert main(["sweep", "status", "--params", str(params), *folders]) == 0
        lines = capsys.readouterr().out.splitlines()
        rows = {line.split()[0]: line.split() for line in lines[1:-2]}
        return rows | {"": lines[-1].split()}

    return run


def note(tmp_path: Path, state: RunState, model: str) -> None:
    write_state(tmp_path / "checkpoints" / model, replace(state, model=model))


def finish(tmp_path: Path, model: str, ssim: float) -> None:
    write_summary(
        tmp_path / "train" / model / "summary.json",
        TrainSummary(
            model=model,
            algorithm="encdec",
            sequences=("t1",),
            target_unit="mL/100g",
            data_range=25.0,
            ssim_conventions=SSIM_CONVENTIONS,
            preprocessing_version="1",
            data_fingerprint="f",
            settings={},
            seed_used=1,
            restarts=0,
            epochs=8,
            steps=8,
            parameters=1,
            train_examinations=1,
            held_out_examinations=1,
            means={"ssim_3d_whole": ssim},
            sds={"ssim_3d_whole": None},
            versions={},
            saved_model_sha256={},
            saved_model_digest="",
        ),
    )


def test_the_paper_sweep_is_all_62_models(params: Path) -> None:
    assert main(["sweep", "paper", "--params", str(params)]) == 0
    models = read_sweep_models(params)
    assert len(set(models)) == len(models) == 62
    assert params.read_text().startswith("train:\n  epochs: 8 # few\nsweep:\n  models:\n    - encdec-t1\n")


def test_the_quick_sweep_has_both_algorithms_and_two_to_five_sequences(params: Path) -> None:
    assert main(["sweep", "quick", "--params", str(params)]) == 0
    models = read_sweep_models(params)
    assert len(set(models)) == 4
    assert {model.partition("-")[0] for model in models} == {"encdec", "fcgan"}
    sequences = {model.partition("-")[2] for model in models}
    assert sequences == {"t2-t1c", "t1-t1c-adc", "t1-t2-t1c-flair-adc"}


def test_the_quick_sweep_is_what_a_fresh_clone_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "params.yaml"
    committed = (Path(__file__).parents[2] / "params.yaml").read_text()
    path.write_text(committed)
    main(["sweep", "paper", "--params", str(path)])
    assert path.read_text() != committed
    main(["sweep", "quick", "--params", str(path)])
    assert path.read_text() == committed
    main(["sweep", "quick", "--params", str(path)])
    assert capsys.readouterr().out.endswith("4 models under sweep.models, as before\n")


def test_a_missing_params_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "paper", "--params", str(tmp_path / "none.yaml")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_the_list_shows_the_papers_ssim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 63
    assert ["encdec-t1-t1c-adc", "3", "86.29", "±", "4.30"] in [line.split() for line in lines]
    assert main(["sweep", "list", "fcgan-t1c", "encdec-t1"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "model",
        "encdec-t1",
        "fcgan-t1c",
    ]


def test_a_pattern_that_fits_nothing_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "list", "unet-*"]) == 2
    assert "fits no model" in capsys.readouterr().err


def test_before_the_first_run_every_model_waits(status: Status) -> None:
    rows = status("encdec-t1", "encdec-t2")
    assert rows["encdec-t1"] == ["encdec-t1", "waiting"]
    assert rows[""] == ["2", "models:", "2", "waiting;", "0", "s", "(0.00", "h)", "so", "far"]


def test_every_state_is_told_from_the_others(status: Status, tmp_path: Path) -> None:
    note(tmp_path, replace(STATE, pid=os.getpid()), "encdec-t1")
    note(tmp_path, STATE, "encdec-t2")
    note(tmp_path, replace(STATE, status=RunStatus.FAILED, message="every seed collapsed"), "encdec-t1c")
    note(tmp_path, replace(STATE, status=RunStatus.DONE, epoch=8), "encdec-adc")
    finish(tmp_path, "encdec-adc", 0.8629)
    write_cost(tmp_path / "checkpoints" / "encdec-adc", TrainingCost(3600.0, 20.0, 10.0, "CPU"))
    rows = status("encdec-t1", "encdec-t2", "encdec-t1c", "encdec-flair", "encdec-adc")
    assert rows["encdec-t1"] == ["encdec-t1", "running", "3/8", "40"]
    assert rows["encdec-t2"] == ["encdec-t2", "interrupted", "3/8", "40"]
    assert rows["encdec-t1c"] == ["encdec-t1c", "failed", "3/8", "40", "every", "seed", "collapsed"]
    assert rows["encdec-flair"] == ["encdec-flair", "waiting"]
    assert rows["encdec-adc"] == ["encdec-adc", "done", "8/8", "3630", "86.29"]
    assert rows[""][-6:] == ["3750", "s", "(1.04", "h)", "so", "far"]


def test_a_trained_model_without_result_is_being_scored_or_was_interrupted(
    status: Status, tmp_path: Path
) -> None:
    trained = replace(STATE, status=RunStatus.DONE, epoch=8)
    note(tmp_path, replace(trained, pid=os.getpid()), "encdec-t1")
    note(tmp_path, trained, "encdec-t2")
    rows = status("encdec-t1", "encdec-t2")
    assert rows["encdec-t1"][1] == "running"
    assert rows["encdec-t2"][1] == "interrupted"


def test_a_run_that_was_told_to_stop_is_interrupted_although_its_process_number_lives(
    status: Status, tmp_path: Path
) -> None:
    """In another container the number of a stopped process belongs to somebody else, mostly."""
    note(tmp_path, replace(STATE, pid=os.getpid(), status=RunStatus.STOPPED), "encdec-t1")
    assert status("encdec-t1")["encdec-t1"][1] == "interrupted"


def test_programs_get_the_state_of_every_model(
    params: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(tmp_path, "encdec-t1", 0.5)
    write_sweep_models(params, ["encdec-t1", "encdec-t2"])
    places = ["--results", str(tmp_path / "train"), "--checkpoints", str(tmp_path / "checkpoints")]
    assert main(["sweep", "status", "--json", "--params", str(params), *places]) == 0
    models = json.loads(capsys.readouterr().out)
    assert [(one["model"], one["progress"], one["ssim"]) for one in models] == [
        ("encdec-t1", "done", 0.5),
        ("encdec-t2", "waiting", None),
    ]


def test_a_result_without_checkpoints_is_done(status: Status, tmp_path: Path) -> None:
    """Checkpoints may be deleted when a sweep is done, and results can come from another machine."""
    finish(tmp_path, "encdec-t1", 0.5)
    assert status("encdec-t1")["encdec-t1"] == ["encdec-t1", "done", "8/8", "50.00"]


def test_a_failure_after_an_earlier_success_is_shown(status: Status, tmp_path: Path) -> None:
    finish(tmp_path, "encdec-t1", 0.5)
    note(tmp_path, replace(STATE, status=RunStatus.FAILED, message="disk"), "encdec-t1")
    assert status("encdec-t1")["encdec-t1"] == ["encdec-t1", "failed", "3/8", "40", "disk"]
