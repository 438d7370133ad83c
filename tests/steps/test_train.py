"""The train step as a whole, on a tiny study."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import Spread
from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.errors import RegistryError, ResultError, TrainingError, UsageError
from cbvsynth.records.costs import read_cost
from cbvsynth.records.examples import EXAMPLES_FILE, EXAMPLES_SD_FILE, read_examples
from cbvsynth.records.ledger import RunStatus, read_state
from cbvsynth.records.results import read_scores
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.records.summaries import TrainSummary, read_summary
from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, read_uncertainty
from cbvsynth.steps.train import run
from tests.training.cached_study import ORIGIN, SHAPE, SPACING_MM, write_study

pytestmark = pytest.mark.tensorflow

MODEL = "encdec-t1c-adc"


def small(root: Path, model: str = MODEL) -> TrainConfig:
    return TrainConfig(
        model=model,
        examinations=root / "preprocess",
        out=root / "train",
        checkpoints=root / "checkpoints",
        epochs=2,
        base_channels=4,
        residual_blocks=1,
        checkpoint_every=1,
        example_count=2,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    write_study(path / "preprocess", without_adc=["e02", "e04"])
    return path


@pytest.fixture(scope="module")
def summary(root: Path) -> TrainSummary:
    return run(small(root))


def test_the_folder_holds_the_model_its_scores_and_how_it_came_about(
    root: Path, summary: TrainSummary
) -> None:
    folder = root / "train" / MODEL
    assert sorted(path.name for path in folder.iterdir()) == [
        "examples.npz",
        "history.csv",
        "per_exam.csv",
        "regions.csv",
        "saved_model",
        "summary.json",
    ]
    assert read_summary(folder / "summary.json") == summary
    assert [score.exam_id for score in read_scores(folder / "per_exam.csv")] == ["e03", "e05"]
    with np.load(folder / "examples.npz") as examples:
        assert examples.files == ["e03", "e05"]
        assert examples["e03"].shape == SHAPE
    with (folder / "history.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["mae"]) < float(rows[0]["mae"])


def test_the_summary_says_what_was_trained_on_what_and_how_well(root: Path, summary: TrainSummary) -> None:
    assert (summary.model, summary.algorithm, summary.sequences) == (MODEL, "encdec", ("t1c", "adc"))
    assert (summary.train_examinations, summary.held_out_examinations) == (2, 2)
    assert (summary.epochs, summary.steps, summary.seed_used) == (2, 4, 2023)
    assert summary.data_fingerprint == "f" * 64
    assert summary.origin == ORIGIN
    assert summary.ssim_conventions == SSIM_CONVENTIONS
    assert summary.settings["base_channels"] == 4
    assert summary.settings["decoder"] == "deconvolution"
    assert not {"model", "out", "examinations", "checkpoints"} & set(summary.settings)
    scores = read_scores(root / "train" / MODEL / "per_exam.csv")
    assert summary.means["ssim_3d_brain"] == pytest.approx(np.mean([s.ssim_3d_brain for s in scores]))
    assert summary.sds["mae_brain"] == pytest.approx(np.std([s.mae_brain for s in scores], ddof=1))
    bias = np.mean([s.lesion_cbv_synthetic - s.lesion_cbv_real for s in scores])
    assert summary.means["lesion_bias"] == pytest.approx(bias)
    digests = sha256_tree(root / "train" / MODEL / "saved_model")
    assert summary.saved_model_sha256 == digests
    assert summary.saved_model_digest == tree_digest(digests)


def test_the_scores_are_those_of_the_exported_model(root: Path, summary: TrainSummary) -> None:
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.saved_model import load_exported

    index = read_index(root / "preprocess")
    exported = load_exported(root / "train" / MODEL / "saved_model")
    raw = {name: np.array(index.array("e03", name))[np.newaxis] for name in ("t1c", "adc")}
    real, synthetic = np.array(index.array("e03", "cbv")), exported(raw)[0]
    score = read_scores(root / "train" / MODEL / "per_exam.csv")[0]
    assert score.mae_whole == pytest.approx(np.mean(np.abs(real - synthetic, dtype=np.float64)), rel=1e-6)


def test_the_description_tells_what_the_model_has_seen(root: Path, summary: TrainSummary) -> None:
    from cbvsynth.training.saved_model import load_exported

    description = load_exported(root / "train" / MODEL / "saved_model").description
    assert description.model.slug == MODEL
    assert description.data_fingerprint == summary.data_fingerprint
    assert description.shape_range == tuple((float(size), float(size)) for size in SHAPE)
    assert description.spacing_range_mm == tuple((size, size) for size in SPACING_MM)
    assert str(root) not in description.to_json()


def test_the_ledger_says_done_and_what_it_cost(root: Path, summary: TrainSummary) -> None:
    state = read_state(root / "checkpoints" / MODEL)
    cost = read_cost(root / "checkpoints" / MODEL)
    assert state is not None
    assert (state.status, state.epoch, state.message) == (RunStatus.DONE, 2, "")
    assert cost is not None
    assert cost.train_s == pytest.approx(state.seconds)
    assert cost.export_s > 0
    assert cost.score_s > 0


def test_the_same_training_gives_the_same_bytes(root: Path, summary: TrainSummary, tmp_path: Path) -> None:
    again = replace(small(root), out=tmp_path / "train", checkpoints=tmp_path / "checkpoints")
    run(again)
    assert sha256_tree(tmp_path / "train") == sha256_tree(root / "train")


def test_a_finished_training_is_not_repeated_and_gives_the_same_result(
    root: Path, summary: TrainSummary, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sha256_tree(root / "train")
    assert run(small(root)) == summary
    assert sha256_tree(root / "train") == before
    *_, line = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{MODEL}: SSIM ")
    assert "2 held-out examinations" in line


def test_a_gan_of_one_held_out_examination_has_a_mean_but_no_spread(tmp_path: Path) -> None:
    write_study(tmp_path / "preprocess", train=2, held_out=1, without_seg=["e02"])
    summary = run(small(tmp_path, "fcgan-t2"))
    assert summary.algorithm == "fcgan"
    assert summary.means["ssim_3d_whole"] is not None
    assert summary.sds["ssim_3d_whole"] is None
    assert summary.means["lesion_bias"] is None


def test_an_unknown_model_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'t9' is not a combination"):
        run(small(tmp_path, "encdec-t9"))


def test_missing_examinations_are_noted_in_the_ledger(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="run preprocess first"):
        run(small(tmp_path))
    state = read_state(tmp_path / "checkpoints" / MODEL)
    assert state is not None
    assert (state.status, state.epochs) == (RunStatus.FAILED, 2)
    assert "run preprocess first" in state.message


@pytest.mark.parametrize("without", [["e00", "e01", "e02"], ["e03", "e04", "e05"]])
def test_no_examination_to_learn_from_or_to_score_fails_before_training(
    tmp_path: Path, without: list[str]
) -> None:
    write_study(tmp_path / "preprocess", without_adc=without)
    with pytest.raises(TrainingError, match=r"None of the 3 examinations .* T1C \+ ADC"):
        run(small(tmp_path))
    assert not (tmp_path / "train").exists() or not list((tmp_path / "train").iterdir())
    state = read_state(tmp_path / "checkpoints" / MODEL)
    assert state is not None
    assert state.status is RunStatus.FAILED
    assert not (tmp_path / "checkpoints" / MODEL / "checkpoint.npz").exists()


def test_a_failure_while_scoring_keeps_the_former_result_and_is_noted(
    root: Path, summary: TrainSummary, tmp_path: Path
) -> None:
    """The folder is replaced as a whole: no new model beside old scores."""
    write_study(tmp_path / "preprocess", without_adc=["e02", "e04"])
    run(small(tmp_path))
    before = sha256_tree(tmp_path / "train")
    (tmp_path / "preprocess" / "e05" / "mask.npy").unlink()
    with pytest.raises(ResultError, match="e05: the cached array 'mask'"):
        run(replace(small(tmp_path), epochs=3))
    assert sha256_tree(tmp_path / "train") == before
    state = read_state(tmp_path / "checkpoints" / MODEL)
    assert state is not None
    assert state.status is RunStatus.FAILED
    assert "e05" in state.message


def test_results_join_the_mlflow_run_of_the_environment(
    root: Path, summary: TrainSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("someone else's", (tmp_path / "artifacts").as_uri())
    run_id = client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    run(small(root))
    (below,) = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'")
    data = below.data
    assert data.params["base_channels"] == "4"
    assert data.metrics["ssim_3d_whole"] == pytest.approx(summary.means["ssim_3d_whole"])
    assert len(client.get_metric_history(below.info.run_id, "mae")) == 2


def test_an_mlflow_run_that_cannot_be_reached_costs_no_result(
    root: Path, summary: TrainSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    config = replace(small(root), out=tmp_path / "train", checkpoints=tmp_path / "checkpoints")
    with pytest.raises(RegistryError, match="MLFLOW_RUN_ID"):
        run(config)
    assert read_summary(tmp_path / "train" / MODEL / "summary.json") == summary
    state = read_state(tmp_path / "checkpoints" / MODEL)
    assert state is not None
    assert state.status is RunStatus.FAILED


def test_help_appears_without_importing_tensorflow() -> None:
    program = (
        "import sys\n"
        "sys.argv = ['train', '--help']\n"
        "import runpy\n"
        "try:\n"
        "    runpy.run_module('components.train', run_name='__main__')\n"
        "finally:\n"
        "    heavy = {'tensorflow', 'keras', 'mlflow', 'pandas'} & set(sys.modules)\n"
        "    print('HEAVY', sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--base_channels" in done.stdout
    assert done.stdout.endswith("HEAVY []\n")


@pytest.mark.slow
def test_the_program_is_silent_but_for_its_result(tmp_path: Path) -> None:
    write_study(tmp_path / "preprocess", train=1, held_out=1)
    flags = [
        *("--model", "encdec-t1c", "--epochs", "1", "--base_channels", "4", "--residual_blocks", "1"),
        *("--examinations", "preprocess", "--out", "train", "--checkpoints", "checkpoints"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "components.train", *flags],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("encdec-t1c: SSIM ")
    assert done.stderr == ""
    assert (tmp_path / "train" / "encdec-t1c" / "summary.json").is_file()


def test_one_model_for_all_is_trained_once_and_exported_for_each_combination(root: Path) -> None:
    """Examinations without ADC are learned from as well; each export is an ordinary model."""
    whole = run(small(root, "any-t1-t1c"))
    state = read_state(root / "checkpoints" / "any-of-t1-t2-t1c-flair-adc")
    assert state is not None
    assert (state.status, state.epoch) == (RunStatus.DONE, 2)
    stored = root / "checkpoints" / "any-of-t1-t2-t1c-flair-adc" / "checkpoint.npz"
    written = stored.stat().st_mtime_ns
    part = run(small(root, "any-adc"))
    assert stored.stat().st_mtime_ns == written, "the second combination must not train"
    assert whole.train_examinations == part.train_examinations == 3
    assert (whole.held_out_examinations, part.held_out_examinations) == (3, 2)
    assert whole.saved_model_digest != part.saved_model_digest
    assert part.sequences == ("adc",)
    history = [(root / "train" / name / "history.csv").read_text() for name in ("any-t1-t1c", "any-adc")]
    assert history[0] == history[1]


def test_one_model_for_all_goes_on_to_the_same_bytes_as_one_long_run(root: Path, tmp_path: Path) -> None:
    whole = run(replace(small(root, "any-t1"), out=tmp_path / "a", checkpoints=tmp_path / "ca"))
    for epochs in (1, 2):
        parts = replace(small(root, "any-t1"), out=tmp_path / "b", checkpoints=tmp_path / "cb", epochs=epochs)
        resumed = run(parts)
    assert resumed.saved_model_digest == whole.saved_model_digest


def test_a_learned_spread_is_calibrated_exported_and_told(root: Path) -> None:
    """And the map beside it is the one without: nothing of the training changes."""
    plain = run(replace(small(root, "encdec-t1"), out=root / "plain"))
    learned = run(replace(small(root, "encdec-t1"), out=root / "learned", spread=Spread.LEARNED))
    assert learned.means["ssim_3d_whole"] == pytest.approx(plain.means["ssim_3d_whole"], abs=1e-6)
    rows = read_uncertainty(root / "learned" / "encdec-t1" / UNCERTAINTY_FILE)
    assert len(rows) == learned.held_out_examinations
    assert all(row.brain_half_width > 0 for row in rows)
    shown = read_examples(root / "learned" / "encdec-t1" / EXAMPLES_SD_FILE)
    assert shown.keys() == read_examples(root / "learned" / "encdec-t1" / EXAMPLES_FILE).keys() != set()
    assert all(sd.max() > 0 for sd in shown.values())
    for file in (UNCERTAINTY_FILE, EXAMPLES_SD_FILE):
        assert not (root / "plain" / "encdec-t1" / file).exists()
