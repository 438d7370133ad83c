"""What the report reads is checked before it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.options import Baseline
from cbvsynth.domain.selection.leaderboard import leaderboard, summarise
from cbvsynth.domain.sequences import ModelId, Sequence
from cbvsynth.errors import ResultError
from cbvsynth.evaluation.baseline_scores import score_baselines
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.pages.pictures.examples import montage_rows, read_examples
from cbvsynth.pages.tables.leaderboard import leaderboard_text, read_leaderboard, write_leaderboard_csv
from cbvsynth.records.examinations import read_index
from tests.domain.selection.tables import flat, table
from tests.pages.sweep_files import write_sweep

MODEL = ModelId.parse("encdec-t1")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"), {"encdec-t1": 0.3, "fcgan-t1": 0.3})


def test_a_folder_that_was_renamed_is_noticed(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    (root / "train/encdec-t1").rename(root / "train/encdec-t2")
    with pytest.raises(ResultError, match="encdec-t2 say that they are of 'encdec-t1'"):
        read_sweep(root / "train", [ModelId.parse("encdec-t2")])


def test_a_table_without_rows_is_noticed(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    path = root / "train/encdec-t1/per_exam.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(ResultError, match="has no examination"):
        read_sweep(root / "train", [MODEL])


def test_many_missing_models_are_counted_and_some_named(tmp_path: Path):
    parts = ("t1", "t2", "t1c", "flair", "adc")
    models = [ModelId.parse(f"{name}-{part}") for part in parts for name in ("fcgan", "encdec")]
    with pytest.raises(ResultError, match=r"10 of the sweep's 10 .* fcgan-t1, .* and 2 more"):
        read_sweep(tmp_path, models)


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
    assert scores["tissue-mean"][0].mae_brain < scores["constant-mean"][0].mae_brain


def test_t1c_is_shown_beside_the_maps_and_the_slice_goes_through_the_lesion(root: Path):
    index = read_index(root / "preprocess")
    maps = read_examples(root / "train/encdec-t1/examples.npz")
    anatomy, rows = montage_rows(index, maps, MODEL)
    assert anatomy is Sequence.T1C
    assert [row.label for row in rows] == ["e04\nlymphoma", "e05\nmetastasis"]
    assert all(row.lesion.any() for row in rows)
    np.testing.assert_array_equal(rows[0].synthetic, maps["e04"][:, :, 3])
    np.testing.assert_array_equal(rows[0].real, np.asarray(index.array("e04", "cbv"))[:, :, 3])


def test_a_map_of_an_unknown_examination_or_of_another_shape_is_refused(root: Path):
    index = read_index(root / "preprocess")
    with pytest.raises(ResultError, match="has a map of e99, which is not among"):
        montage_rows(index, {"e99": np.zeros((20, 18, 8), np.float32)}, MODEL)
    with pytest.raises(ResultError, match=r"e04: the stored map has shape \(2, 2, 2\)"):
        montage_rows(index, {"e04": np.zeros((2, 2, 2), np.float32)}, MODEL)


def test_missing_examples_say_what_to_run(tmp_path: Path):
    with pytest.raises(ResultError, match="does not exist; run train first"):
        read_examples(tmp_path / "examples.npz")


def test_a_pickled_array_is_not_opened(tmp_path: Path):
    np.savez(tmp_path / "examples.npz", e00=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ResultError, match="is damaged"):
        read_examples(tmp_path / "examples.npz")


def test_the_leaderboard_reads_back_exactly(tmp_path: Path):
    rows = leaderboard(
        [flat("encdec-t1", 0.8, lesion=None), flat("encdec-t2", 1 / 3, lesion=None)], "mae_brain"
    )
    baseline = summarise("constant-mean", table("constant-mean", [0.1] * 12, lesions=None))
    write_leaderboard_csv(tmp_path / "leaderboard.csv", rows, [baseline])
    models, baselines = read_leaderboard(tmp_path / "leaderboard.csv")
    assert [row.rank for row in models] == [1, 2]
    assert models[1].mean["ssim_3d_whole"] == rows[1].mean["ssim_3d_whole"]
    assert baselines[0].model == "constant-mean"
    assert "–" in leaderboard_text(models, baselines, "ssim_3d_whole", "mL/100g")


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n1,2\n", "has other columns"), (None, "does not exist; run evaluate first")],
)
def test_a_file_that_is_no_leaderboard_is_refused(tmp_path: Path, text: str | None, words: str):
    path = tmp_path / "leaderboard.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ResultError, match=words):
        read_leaderboard(path)


def test_a_damaged_leaderboard_is_refused(tmp_path: Path):
    rows = leaderboard([flat("encdec-t1", 0.8)], "mae_brain")
    path = tmp_path / "leaderboard.csv"
    write_leaderboard_csv(path, rows, [])
    path.write_text(path.read_text().replace("0.8", "many"))
    with pytest.raises(ResultError, match="is damaged"):
        read_leaderboard(path)


def test_a_damaged_summary_is_refused(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    path = root / "train/encdec-t1/summary.json"
    path.write_text(json.dumps({"format": 1}))
    with pytest.raises(ResultError, match="is not the summary of a trained model"):
        read_sweep(root / "train", [MODEL])
