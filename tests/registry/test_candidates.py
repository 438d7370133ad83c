"""A trained model on its way into the registry: untouched since it was scored, and with a run of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import ModelError
from cbvsynth.records.summaries import read_summary
from cbvsynth.registry.candidates import Candidate, find_or_log_run, log_model
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("empty_registry")
def test_every_candidate_has_a_run_and_only_named_models_have_versions() -> None:
    train("fcgan-adc", 0.7)
    train("encdec-t1c", 0.90)
    train("encdec-t2", 0.80)
    decide("encdec-t1c", by_availability={"t1c": "encdec-t1c", "t2": "encdec-t2"})
    run(PromoteConfig())
    registry = open_registry("cbvsynth")
    runs = registry.client.search_runs([registry.experiment_id])
    assert {run.data.tags["model"] for run in runs} == {"encdec-t1c", "encdec-t2", "fcgan-adc"}
    assert {version.model for version in list_versions(registry)} == {"encdec-t1c", "encdec-t2"}
    by_model = {run.data.tags["model"]: run for run in runs}
    assert by_model["fcgan-adc"].data.metrics == {"ssim_3d_whole": 0.7}
    assert by_model["fcgan-adc"].data.params["decoder"] == "deconvolution"


def test_one_flipped_byte_in_a_model_is_refused() -> None:
    train("encdec-t1c", 0.9)
    decide("encdec-t1c")
    weights = Path("artifacts/train/encdec-t1c/saved_model/variables/variables.data-00000-of-00001")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match=r"variables.data-00000-of-00001 .* differs from what was scored"):
        run(PromoteConfig())
    assert not Path("mlflow.db").exists()


@pytest.mark.usefixtures("empty_registry")
def test_a_run_and_its_model_are_stored_once_for_the_same_bytes_and_data() -> None:
    train("encdec-t1c", 0.9)
    folder = Path("artifacts/train/encdec-t1c")
    candidate = Candidate(folder, read_summary(folder / "summary.json"), card="a card")
    registry = open_registry("cbvsynth")
    run_id = find_or_log_run(registry, candidate)
    assert find_or_log_run(registry, candidate) == run_id
    assert log_model(registry, candidate, run_id) == log_model(registry, candidate, run_id)
    train("encdec-t1c", 0.9, weights=b"others")
    other = Candidate(folder, read_summary(folder / "summary.json"), card="a card")
    assert find_or_log_run(registry, other) != run_id
