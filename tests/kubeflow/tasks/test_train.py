"""Train as a task, where the run of a whole package does not lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import TrainingError, UsageError
from cbvsynth.kubeflow.tasks.train import run_task as train
from cbvsynth.kubeflow.tasks.workspace import write_handover
from cbvsynth.records.ledger import RunStatus, read_state
from tests.kubeflow.numbers import Numbers
from tests.limits import memory_to_spare
from tests.training.cached_study import write_study

SETTINGS = {
    "model": "encdec-t1c",
    "keep_going": "off",
    "epochs": 1,
    "base_channels": 4,
    "residual_blocks": 1,
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("workspace")
    write_study(workspace / "preprocess/1", without_adc=[f"e{number:02d}" for number in range(6)])
    write_handover(str(workspace / "examinations"), {"folder": "preprocess/1", "data_fingerprint": "f" * 64})
    return workspace


def train_in(workspace: Path, **changed: object) -> tuple[dict[str, str], Numbers, Path]:
    numbers, model = Numbers(workspace / "scores"), Numbers(workspace / "model")
    given = {**SETTINGS, "workspace": str(workspace), **changed}
    return train(given, str(workspace / "examinations"), numbers, model), numbers, Path(model.path)


@pytest.mark.tensorflow
def test_a_model_is_trained_once_and_again_when_its_files_were_touched(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained, numbers, model = train_in(prepared)
    assert trained["status"] == "done"
    assert set(numbers.logged) == {"ssim_3d_whole", "ssim_3d_brain", "mae_brain", "lesion_bias"}
    assert (model / "saved_model.pb").is_file()
    assert numbers.metadata == {"display_name": "Scores of encdec-t1c", "model": "encdec-t1c"}
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
def test_a_model_for_which_memory_does_not_suffice_is_a_result_and_noted(prepared: Path) -> None:
    """It ended the whole sweep in a traceback, keep_going or not, and the ledger said `running`."""
    train_in(prepared)  # imports TensorFlow, which needs room of its own
    with memory_to_spare(1 << 30):
        failed, *_ = train_in(prepared, base_channels=4096, keep_going="on")
    assert failed["status"] == "failed"
    assert "memory ran out" in failed["message"]
    state = read_state(prepared / "checkpoints" / failed["sweep"] / failed["model"])
    assert state is not None
    assert (state.status, state.message) == (RunStatus.FAILED, failed["message"])


@pytest.mark.tensorflow
def test_a_wrong_setting_ends_the_run_even_when_it_is_to_keep_going(prepared: Path) -> None:
    with pytest.raises(UsageError):
        train_in(prepared, decoder="magic", keep_going="on")
    with pytest.raises(UsageError, match="keep_going is 'maybe'; expected one of off, on"):
        train_in(prepared, keep_going="maybe")
