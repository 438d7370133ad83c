"""What is served is what was scored: a real model, a real server, real files."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig, PromoteConfig
from cbvsynth.domain.options import Spread
from cbvsynth.errors import ModelError, ResultError, UsageError
from cbvsynth.proof.options import SkewOptions
from cbvsynth.proof.skew import Skew, run
from cbvsynth.records.results import read_scores, write_scores
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps import evaluate, promote
from tests.training.cached_study import train_small_model, write_study

MODEL = "encdec-t1-t1c"
MODELS = {"any-t1": Spread.LEARNED, MODEL: Spread.OFF, "flow-t1": Spread.OFF}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run: models of three algorithms, trained for two epochs and scored on three examinations."""
    root = tmp_path_factory.mktemp("skew")
    write_study(root / "preprocess")
    for model, spread in MODELS.items():
        train_small_model(root, model, epochs=2, spread=spread)
    return root


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_served_map_is_the_scored_one_bit_for_bit(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(SkewOptions(artifacts=trained))
    assert [(one.model, one.examinations, one.differing_voxels) for one in found] == [
        (model, 3, 0) for model in MODELS
    ]
    assert all(one.ssim_difference <= 1e-6 for one in found)
    assert "3 models, 9 maps: what is served is what was scored" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_score_that_is_not_the_served_maps_is_an_error(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    table = tmp_path / "run/train" / MODEL / "per_exam.csv"
    first, *others = read_scores(table)
    write_scores(table, [replace(first, ssim_2d_brain=first.ssim_2d_brain - 2e-6), *others])
    with pytest.raises(ModelError, match=f"{MODEL} is served as another model than was scored"):
        run(SkewOptions(artifacts=tmp_path / "run", models=(MODEL,), examinations=1))


OPEN_GATE = {
    "required_baselines": (),
    "min_examinations": 2,
    "max_lesion_bias": 1e6,
    "min_lesion_slope": -1.0,
    "min_lesion_concordance": -1.0,
    "min_lesion_texture": -1.0,
    "max_scale_error": 1e6,
    "max_auc_loss": 1.0,
    "bootstrap_samples": 100,
}
"""Lets a model of two epochs through, so that there is something to promote."""


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize(("slug", "label"), [("any-t1", "One model for all"), ("flow-t1", "Rectified flow")])
def test_an_algorithm_beyond_the_paper_serves_the_sequences_that_no_dedicated_model_reads(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slug: str, label: str
) -> None:
    """Through evaluate and promote as the paper's two: a column, a version, an alias and a card."""
    algorithm = slug.split("-", maxsplit=1)[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    config = EvaluateConfig(
        models=(MODEL, slug), results=trained / "train", examinations=trained / "preprocess", **OPEN_GATE
    )
    evaluate.run(config)
    with (config.out / "table2.csv").open(encoding="utf-8") as table:
        means = {row["combination"]: row[f"{algorithm}_mean_pct"] for row in csv.DictReader(table)}
    assert [name for name, mean in means.items() if mean] == ["t1"]
    done = promote.run(PromoteConfig(verdict=config.out / "verdict.json", results=trained / "train"))
    without_t1c = {
        name: version for name, version in done.aliases.items() if name.endswith("-t1-t2-flair-adc")
    }
    assert set(without_t1c.values()) == {done.versions[slug]}
    (version,) = [one for one in list_versions(open_registry("cbvsynth")) if one.tags["model"] == slug]
    assert version.tags["algorithm"] == algorithm
    card = (PromoteConfig().out / "model_cards" / f"{slug}.md").read_text(encoding="utf-8")
    assert f"Algorithm: {label}" in card
    assert ("## How sure it is" in card) == (MODELS[slug] is Spread.LEARNED)


def test_one_voxel_or_a_millionth_of_ssim_is_a_skew() -> None:
    assert Skew(MODEL, 3, 0, 1e-6).is_zero
    assert not Skew(MODEL, 3, 1, 0.0).is_zero
    assert not Skew(MODEL, 3, 0, 1.1e-6).is_zero


def test_before_anything_is_trained_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"No trained model in '.*train'.*make demo"):
        run(SkewOptions(artifacts=tmp_path))


def test_a_model_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="t9"):
        run(SkewOptions(artifacts=tmp_path, models=("encdec-t9",)))
