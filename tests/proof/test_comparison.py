"""The served map of a held-out examination beside what was stored when its model was scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.sequences import ModelId, TargetUnit
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.errors import ResultError
from cbvsynth.proof.comparison import Comparison, choose_examination, ssim_by_convention, stored_scores
from cbvsynth.records.selection import ServedVersion
from tests.registry.trained_models import score, train
from tests.training.cached_study import SHAPE, write_study

SERVED = ServedVersion(1, ModelId.parse("encdec-t1c-adc"), TargetUnit.ML_PER_100G)


def test_the_held_out_examination_with_the_largest_lesion_is_shown(tmp_path: Path) -> None:
    index = write_study(tmp_path / "preprocess", train=2, held_out=4)
    scores = tuple(
        replace(score("encdec-t1c-adc", 0, 0.8), exam_id=name, lesion_volume_ml=volume)
        for name, volume in (("e02", 3.0), ("e03", 9.0), ("e04", float("nan")))
    )
    assert choose_examination(index, scores, SERVED).exam_id == "e03"
    assert choose_examination(index, (), SERVED).exam_id == "e05"


def test_without_an_examination_that_has_the_sequences_there_is_none_to_show(tmp_path: Path) -> None:
    index = write_study(tmp_path / "preprocess", train=1, held_out=2, without_adc=["e01", "e02"])
    with pytest.raises(ResultError, match=r"No held-out examination.*T1C \+ ADC"):
        choose_examination(index, (), SERVED)


def test_ssim_is_that_of_the_column_it_is_named_after(tmp_path: Path) -> None:
    index = write_study(tmp_path / "preprocess", train=1, held_out=1)
    entry = index.of_split("held-out")[0]
    synthetic = np.random.default_rng(1).uniform(0, 10, SHAPE).astype(np.float32)
    part = np.zeros(SHAPE, np.bool_)
    part[6:14, 6:12, 2:6] = True
    np.save(index.root / entry.exam_id / "mask.npy", part)
    real, mask = (index.array(entry.exam_id, name) for name in ("cbv", "mask"))
    scores = score_ssim(np.asarray(real), synthetic, np.asarray(mask, np.bool_), data_range=25.0)
    columns = {
        "ssim_3d_whole": scores.cube_whole,
        "ssim_3d_brain": scores.cube_brain,
        "ssim_2d_whole": scores.slice_whole,
        "ssim_2d_brain": scores.slice_brain,
    }
    assert len(set(columns.values())) == 4
    assert ssim_by_convention(index, entry, synthetic, 25.0) == columns


def test_only_scores_of_the_very_model_that_is_served_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = train("encdec-t1c", 0.8)
    folder = Path("artifacts/train/encdec-t1c")
    assert len(stored_scores(folder, digest)) == 12
    assert stored_scores(folder, "another") == {}
    assert stored_scores(Path("artifacts/train/encdec-t2"), digest) == {}


def test_a_comparison_tells_the_difference_or_why_there_is_none() -> None:
    found = Comparison("e1", "lymphoma", "encdec-t1c", 3, "ssim_3d_whole", 0.8123456, 0.8123446)
    assert "stored when the model was scored: 0.812345, difference 1.0e-06" in str(found)
    assert "not known: the results here are of another training" in str(replace(found, stored_ssim=None))
