"""What train writes about a model."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from cbvsynth.config import TrainConfig
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.sequences import ModelId
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.training.checkpoints import EpochRecord
from cbvsynth.training.fit import FittedModel
from cbvsynth.training.summary import describe_model, settings_of, summarise, write_history
from tests.training.cached_study import ORIGIN, write_study

pytestmark = pytest.mark.tensorflow

CONFIG = TrainConfig(model="encdec-t1c", epochs=2)
MODEL = ModelId.parse("encdec-t1c")
FITTED = FittedModel(
    generator=build_generator(1, GeneratorOptions(base_channels=2, residual_blocks=0)),
    history=(),
    restarts=1,
    seed_used=2024,
    steps=6,
    seconds=1.0,
    parameters=10,
    resumed_from=0,
)


def score(**values: float) -> ExamScore:
    numbers = {item.name: 1.0 for item in fields(ExamScore) if item.type == "float"}
    return ExamScore(
        model="encdec-t1c",
        exam_id="e",
        subject_id="p",
        diagnosis="",
        target_unit="mL/100g",
        **(numbers | values),
    )


def test_settings_are_every_field_but_the_model_and_the_folders() -> None:
    settings = settings_of(CONFIG)
    assert set(settings) == {item.name for item in fields(TrainConfig)} - {
        *("model", "examinations", "out", "checkpoints")
    }
    assert settings["decoder"] == "deconvolution"
    assert {type(value) for value in settings.values()} == {str, int, float}


def test_scores_that_are_not_finite_become_none(tmp_path: Path) -> None:
    index = write_study(tmp_path / "study")
    description = describe_model(MODEL, CONFIG, index, index.of_split("train"), FITTED)
    (tmp_path / "saved_model").mkdir()
    scores = [
        score(mae_brain=2.0, psnr_whole=float("inf"), lesion_cbv_real=float("nan")),
        score(mae_brain=4.0, lesion_cbv_real=float("nan")),
    ]
    summary = summarise(description, ORIGIN, CONFIG, FITTED, 3, scores, tmp_path / "saved_model")
    assert summary.means["mae_brain"] == 3.0
    assert summary.sds["mae_brain"] == pytest.approx(2**0.5)
    assert summary.means["psnr_whole"] is None
    assert summary.means["lesion_bias"] is None
    assert (summary.seed_used, summary.restarts) == (2024, 1)
    assert summary.origin == ORIGIN


def test_whatever_decides_the_weights_changes_the_runs_fingerprint(tmp_path: Path) -> None:
    index = write_study(tmp_path)
    trained_on = index.of_split("train")

    def fingerprint(config: TrainConfig = CONFIG, fitted: FittedModel = FITTED, data: str = "f") -> str:
        version = replace(index, data_fingerprint=data)
        return describe_model(MODEL, config, version, trained_on, fitted).run_fingerprint

    others = [
        fingerprint(replace(CONFIG, learning_rate=2e-3)),
        fingerprint(replace(CONFIG, epochs=3)),
        fingerprint(fitted=replace(FITTED, seed_used=2025)),
        fingerprint(data="g"),
    ]
    assert len({fingerprint(), *others}) == 5
    assert fingerprint(replace(CONFIG, out=Path("elsewhere"), example_count=1)) == fingerprint()


def test_the_history_has_a_row_per_epoch_and_no_times(tmp_path: Path) -> None:
    history = (
        EpochRecord(1, {"mae": 0.5, "discriminator": 0.25}, seconds=3.0),
        EpochRecord(2, {"mae": 0.1, "discriminator": 0.2}, seconds=4.0),
    )
    write_history(tmp_path / "history.csv", history)
    assert (tmp_path / "history.csv").read_text() == "epoch,discriminator,mae\n1,0.25,0.5\n2,0.2,0.1\n"
