"""The trivial maps are learned from training and scored on the held-out examinations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.options import Baseline
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ResultError
from cbvsynth.evaluation.baseline_scores import all_exam_ids, require_same_data, score_baselines
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.records.examinations import read_index
from tests.pages.sweep_files import write_sweep


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"), {"encdec-t1": 0.3, "fcgan-t1": 0.3})


def test_baselines_are_learned_from_training_and_scored_on_the_held_out(root: Path):
    index = read_index(root / "preprocess")
    scores = group_by_name(score_baselines(index, {"e04", "e15"}, 25.0))
    assert set(scores) == {baseline.value for baseline in Baseline}
    means = [
        float(np.asarray(index.array(name, "cbv"))[np.asarray(index.array(name, "mask"))].mean())
        for name in ("e00", "e01", "e02", "e03")
    ]
    for name, score in zip(("e04", "e15"), scores["constant-mean"], strict=True):
        assert score.exam_id == name
        assert score.lesion_cbv_synthetic == pytest.approx(np.mean(means), rel=1e-5)
    # In e15, whose lesion is as in training; in e04 it holds less blood than the lesions learned from.
    assert scores["tissue-mean"][1].mae_brain < scores["constant-mean"][1].mae_brain


def test_models_of_other_data_or_other_examinations_are_refused(root: Path):
    index = read_index(root / "preprocess")
    (model,) = read_sweep(root / "train", [ModelId.parse("encdec-t1")]).models
    require_same_data(index, [model])
    with pytest.raises(ResultError, match="was trained on data 0000"):
        require_same_data(index, [replace(model, data_fingerprint="0" * 64)])
    with pytest.raises(ResultError, match="scored on 11 examinations, 12 are held out"):
        require_same_data(index, [replace(model, scores=model.scores[1:])])


def test_every_scored_examination_is_named_once(root: Path):
    models = read_sweep(root / "train", [ModelId.parse(name) for name in ("encdec-t1", "fcgan-t1")]).models
    assert list(all_exam_ids(models)) == [f"e{number:02d}" for number in range(4, 16)]
