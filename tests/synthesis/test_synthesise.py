"""`cbvsynth synthesise` and `cbvsynth clinical simulate`, with a model that was trained and exported."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.cli import main
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.records.examinations import read_index
from cbvsynth.records.maps import read_map, read_map_index, read_measures
from cbvsynth.records.reads import read_reads
from cbvsynth.records.results import read_scores
from cbvsynth.records.summaries import read_summary, write_summary
from tests.pages.web_page import require_good_page
from tests.training.cached_study import ORIGIN, train_small_model, write_study

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
MODEL = "encdec-t1c-adc"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("study")
    write_study(root / "preprocess", without_adc=["e05"], without_seg=["e04"])
    train_small_model(root, MODEL, epochs=6)
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


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


def simulate(root: Path, *flags: str) -> int:
    words = [
        "clinical",
        "simulate",
        "--model",
        MODEL,
        "--artifacts",
        str(root),
        "--out",
        str(root / "clinical"),
    ]
    return main([*words, "--patients_per_class", "5", "--matrix", "32", "--slices", "7", *flags])


def test_the_clinical_tables_are_simulated_and_said_to_be(root, capsys):
    assert simulate(root, "--cbv", "real") == 0
    printed = capsys.readouterr().out
    assert "A simulation: the patients are phantoms" in printed
    html = require_good_page(root / "clinical/clinical.html")
    assert "A simulation: the patients are phantoms" in html
    assert "30 phantom patients, 10 for each task; CBV from the real maps." in html
    reads = read_reads(root / "clinical/reads.csv")
    assert len(reads) == 3 * 2 * 10
    with (root / "clinical/features.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert len({row["patient"] for row in rows}) == len(rows) == 30
    cbv = {
        answer: np.mean([float(row["lesion_cbv"]) for row in rows[:10] if row["truth"] == answer])
        for answer in "01"
    }
    assert cbv["1"] > 2 * cbv["0"], "high-grade against low-grade glioma"


def test_the_patients_are_never_those_that_the_models_learned_from(root, capsys):
    """They were, wherever artifacts/data.json had been lost; now the model says what it learned from."""
    assert simulate(root, "--seed", str(ORIGIN.seed)) == 2
    assert f"seed {ORIGIN.seed} made the study that {MODEL} learned from" in capsys.readouterr().err
    assert simulate(root, "--patients_per_class", "4") == 2
