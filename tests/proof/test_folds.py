"""A sweep in folds, on a tiny study: arrays are linked, everybody is held out once, and it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.planning.settings import RunSettings, read_run_settings
from cbvsynth.proof.folds import read_folds, resplit, run_folds
from cbvsynth.records.examinations import read_index
from cbvsynth.records.storage import sha256_tree
from tests.training.cached_study import write_study

pytestmark = pytest.mark.tensorflow

PARAMS = """\
sweep:
  models: [encdec-t1c]
train:
  epochs: 1
  base_channels: 4
  residual_blocks: 1
  example_count: 0
evaluate:
  bootstrap_samples: 100
  min_examinations: 3
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> RunSettings:
    params = tmp_path_factory.mktemp("params") / "params.yaml"
    params.write_text(PARAMS, encoding="utf-8")
    return read_run_settings(params)


def test_every_patient_is_held_out_once_and_the_arrays_stay_where_they_are(
    tmp_path: Path, settings: RunSettings
) -> None:
    write_study(tmp_path / "preprocess", train=4, held_out=2)
    before = sha256_tree(tmp_path / "preprocess")
    report = run_folds(settings, settings.models, 2, tmp_path / "preprocess", tmp_path / "folds")

    sides = [read_index(tmp_path / "folds" / f"fold-{fold}" / "preprocess") for fold in (1, 2)]
    held_out = [one.exam_id for index in sides for one in index.of_split("held-out")]
    assert sorted(held_out) == [f"e{number:02d}" for number in range(6)]
    assert sides[0].data_fingerprint != sides[1].data_fingerprint
    assert (tmp_path / "folds" / "fold-1" / "preprocess" / "e00").is_symlink()
    assert sha256_tree(tmp_path / "preprocess") == before
    assert (report.patients, report.examinations, len(report.results)) == (6, 6, 2)
    assert read_folds(tmp_path / "folds" / "folds.json") == report

    models = tmp_path / "folds" / "fold-2" / "train" / "encdec-t1c" / "saved_model"
    trained = sha256_tree(models)
    again = run_folds(settings, settings.models, 2, tmp_path / "preprocess", tmp_path / "folds")
    assert replace(again, text=report.text) == report
    assert sha256_tree(models) == trained


def test_arrays_of_another_place_take_the_place_of_the_former_ones(tmp_path: Path) -> None:
    """Examinations of the same names elsewhere were trained and scored on the former arrays."""
    splits = {f"e{number:02d}": "train" for number in range(6)}
    for place in ("first", "second"):
        write_study(tmp_path / place, train=4, held_out=2)
        own = resplit(read_index(tmp_path / place), tmp_path / "folds", splits)
        assert (own.root / "e01").resolve() == (tmp_path / place / "e01").resolve()
