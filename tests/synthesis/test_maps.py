"""`cbvsynth synthesise`: the maps of a model that was trained and exported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.cli import main
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.records.examinations import read_index
from cbvsynth.records.maps import read_map, read_map_index, read_measures
from cbvsynth.records.results import read_scores
from cbvsynth.records.summaries import read_summary, write_summary

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
MODEL = "encdec-t1c-adc"


def synthesise(root: Path, *flags: str) -> int:
    folders = ["--results", str(root / "train"), "--examinations", str(root / "preprocess")]
    return main(["synthesise", "--model", MODEL, *folders, "--out", str(root / "maps"), *flags])


def test_maps_and_measures_are_those_that_training_scored(root, capsys):
    assert synthesise(root) == 0
    assert "2 maps of encdec-t1c-adc" in capsys.readouterr().out
    made = read_map_index(root / "maps")
    assert made.examinations == ("e03", "e04"), "e05 has no ADC"
    assert made.trained_on == made.data_fingerprint == read_index(root / "preprocess").data_fingerprint
    with np.load(root / "train" / MODEL / "examples.npz") as examples:
        for name in made.examinations:
            assert np.array_equal(read_map(root / "maps", name), examples[name])
    measures = read_measures(root / "maps")
    for score in read_scores(root / "train" / MODEL / "per_exam.csv"):
        for kind, expected in (
            (MapKind.REAL, score.lesion_cbv_real),
            (MapKind.SYNTHETIC, score.lesion_cbv_synthetic),
        ):
            found = measures[score.exam_id, kind].lesion_mean
            assert found == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_the_split_is_chosen(root):
    assert synthesise(root, "--split", "all") == 0
    assert read_map_index(root / "maps").examinations == ("e00", "e01", "e02", "e03", "e04")


def test_a_changed_model_and_folders_of_others_are_refused(root, capsys):
    (root / "maps").mkdir()
    assert synthesise(root) == 2
    assert "is not a folder of maps" in capsys.readouterr().err
    (root / "maps").rmdir()
    path = root / "train" / MODEL / "summary.json"
    summary = read_summary(path)
    changed = {name: digest[::-1] for name, digest in summary.saved_model_sha256.items()}
    write_summary(path, replace(summary, saved_model_sha256=changed))
    assert synthesise(root) == 1
    assert "is not the one that was scored" in capsys.readouterr().err
