"""`cbvsynth clinical simulate`: new phantom patients, read from the maps of an exported model."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.cli import main
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.records.reads import read_reads
from cbvsynth.records.survival_tables import read_survival
from tests.pages.web_page import require_good_page
from tests.training.cached_study import ORIGIN

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
MODEL = "encdec-t1c-adc"


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
    survival = read_survival(root / "clinical/survival.csv", ["age"])
    assert survival.cbv[MapKind.REAL] == pytest.approx([float(row["lesion_cbv"]) for row in rows[:10]])
    assert (survival.cbv[MapKind.REAL] != survival.cbv[MapKind.SYNTHETIC]).all()
    page = require_good_page(root / "clinical/prognosis/prognosis.html")
    assert "hazard ratio 1.25 for 1 mL/100 g of real lesion CBV more" in page
    assert "says nothing about patients" in page


def test_the_patients_are_never_those_that_the_models_learned_from(root, capsys):
    """They were, wherever artifacts/data.json had been lost; now the model says what it learned from."""
    assert simulate(root, "--seed", str(ORIGIN.seed)) == 2
    assert f"seed {ORIGIN.seed} made the study that {MODEL} learned from" in capsys.readouterr().err
    assert simulate(root, "--patients_per_class", "4") == 2
