"""Where an evaluation may write, and which model its pictures show."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.selection.evaluation import Evaluation, evaluate_sweep
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import UsageError
from cbvsynth.evaluation.recompute import VERDICT_FILE
from cbvsynth.pages.evaluation_report import require_own_folder, shown_model
from tests.domain.selection.tables import EVIDENCE, constant_mean, steady


def evaluation(ssim: float) -> Evaluation:
    models = [steady("encdec-t1", ssim), steady("encdec-t2", ssim - 0.1)]
    return evaluate_sweep(models, constant_mean(0.5), None, GateSettings(bootstrap_samples=100), EVIDENCE)


def test_the_candidate_is_shown_or_the_best_where_none_passes():
    model, name = shown_model(evaluation(0.9))
    assert (model.slug, name) == ("encdec-t1", "encdec-t1, the candidate")
    model, name = shown_model(evaluation(0.4))
    assert (model.slug, name) == ("encdec-t1", "encdec-t1, the best by SSIM (refused)")


def test_a_folder_that_is_new_empty_or_of_an_evaluation_may_be_written(tmp_path: Path):
    require_own_folder(tmp_path / "new")
    require_own_folder(tmp_path)
    (tmp_path / VERDICT_FILE).write_text("{}")
    (tmp_path / "other").write_text("")
    require_own_folder(tmp_path)


def test_a_folder_of_others_and_a_file_are_refused(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(UsageError, match=r"is not a folder of evaluate.*give another --out"):
            require_own_folder(place)
