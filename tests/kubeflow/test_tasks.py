"""The Kubeflow tasks of plan, train and evaluate where the run of a whole package does not lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import ResultError, TrainingError, UsageError
from cbvsynth.kubeflow.tasks.evaluate import Pages
from cbvsynth.kubeflow.tasks.evaluate import run_task as evaluate
from cbvsynth.kubeflow.tasks.plan import run_task as plan
from cbvsynth.kubeflow.tasks.train import run_task as train
from cbvsynth.kubeflow.tasks.workspace import hand_over
from tests.kubeflow.test_task_files import Numbers
from tests.training.cached_study import write_study

SETTINGS = {
    "model": "encdec-t1c",
    "keep_going": "off",
    "epochs": 1,
    "base_channels": 4,
    "residual_blocks": 1,
}


def test_a_plan_names_each_model_once_in_the_papers_order_and_shows_the_papers_figures(
    tmp_path: Path,
) -> None:
    page = tmp_path / "plan.md"
    chosen = plan(["encdec-t1-t1c-adc", "*-t1", "encdec-t1"], str(page))
    assert chosen == ["fcgan-t1", "encdec-t1", "encdec-t1-t1c-adc"]
    assert "| encdec-t1-t1c-adc | Encoder-decoder, MAE: T1 + T1C + ADC |" in page.read_text()
    assert plan(["all"], str(page))[0] == "fcgan-t1"
    assert page.read_text().startswith("# 62 models to train")
    with pytest.raises(UsageError):
        plan([], str(page))


def pages(folder: Path) -> Pages:
    names = ("leaderboard", "report", "verdict", "evaluation")
    return Pages(*(str(folder / name) for name in names), Numbers(folder / "numbers"))


def result(model: str, status: str = "done", **changed: str) -> dict[str, str]:
    return {
        "model": model,
        "folder": "preprocess/1",
        "sweep": "s",
        "status": status,
        "digest": "d",
        "message": "collapsed" if status == "failed" else "",
        **changed,
    }


def test_a_sweep_without_one_model_ends_the_run_with_every_reason(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"None of the 2 models could be trained\. encdec-t1: collapsed; fcgan-t1"
    ):
        evaluate(
            {"workspace": str(tmp_path)},
            [result("encdec-t1", "failed"), result("fcgan-t1", "failed")],
            pages(tmp_path),
        )


def test_models_of_different_sweeps_are_not_judged_together(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="come from 2 different sweeps"):
        evaluate(
            {"workspace": str(tmp_path)},
            [result("encdec-t1"), result("fcgan-t1", sweep="t")],
            pages(tmp_path),
        )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("workspace")
    write_study(workspace / "preprocess/1", without_adc=[f"e{number:02d}" for number in range(6)])
    hand_over(str(workspace / "examinations"), {"folder": "preprocess/1", "data_fingerprint": "f" * 64})
    return workspace


def train_in(workspace: Path, **changed: object) -> tuple[dict[str, str], Numbers, Path]:
    numbers, model = Numbers(workspace / "scores"), workspace / "model"
    given = {**SETTINGS, "workspace": str(workspace), **changed}
    return train(given, str(workspace / "examinations"), numbers, str(model)), numbers, model


@pytest.mark.tensorflow
def test_a_model_is_trained_once_and_again_when_its_files_were_touched(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained, numbers, model = train_in(prepared)
    assert trained["status"] == "done"
    assert set(numbers.logged) == {"ssim_3d_whole", "ssim_3d_brain", "mae_brain", "lesion_bias"}
    assert (model / "saved_model.pb").is_file()
    results = prepared / "train" / trained["sweep"] / "encdec-t1c"

    again, *_ = train_in(prepared)
    assert again == trained
    assert "is trained already" in capsys.readouterr().out

    other, *_ = train_in(prepared, epochs=2)
    assert other["sweep"] != trained["sweep"], "other settings never write into these results"

    (results / "saved_model/saved_model.pb").write_bytes(b"damaged")
    mended, *_ = train_in(prepared)
    assert "is trained already" not in capsys.readouterr().out
    assert mended == trained


@pytest.mark.tensorflow
def test_a_model_that_cannot_be_trained_ends_the_task_or_is_a_result(prepared: Path) -> None:
    with pytest.raises(TrainingError):
        train_in(prepared, model="encdec-adc")
    failed, numbers, _ = train_in(prepared, model="encdec-adc", keep_going="on")
    assert (failed["status"], failed["digest"]) == ("failed", "")
    assert "adc" in failed["message"].lower()
    assert numbers.logged == {}


@pytest.mark.tensorflow
def test_a_wrong_setting_ends_the_run_even_when_it_is_to_keep_going(prepared: Path) -> None:
    with pytest.raises(UsageError):
        train_in(prepared, decoder="magic", keep_going="on")
    with pytest.raises(UsageError, match="keep_going is 'maybe'; expected one of off, on"):
        train_in(prepared, keep_going="maybe")
