"""Which guards each model failed."""

from __future__ import annotations

from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.pages.tables.guards import guard_rows
from tests.domain.selection.tables import EVIDENCE, constant_mean, steady


def test_every_model_has_a_row_by_rank():
    models = (steady("encdec-t1", 0.8), steady("encdec-t2", 0.4, lesion=3.0))
    settings = GateSettings(bootstrap_samples=100)
    rows = guard_rows(evaluate_sweep(models, constant_mean(), None, settings, EVIDENCE))
    assert rows[0] == ("1", "encdec-t1", "passes")
    assert rows[1][:2] == ("2", "encdec-t2")
    assert "beats-tissue-mean-blind-ssim" in rows[1][2]
    assert "lesion-bias" in rows[1][2]
