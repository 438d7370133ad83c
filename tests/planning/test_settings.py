"""The settings of a whole run are read as the steps would read them, and refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig
from cbvsynth.domain.options import Register
from cbvsynth.errors import UsageError
from cbvsynth.planning.settings import read_run_settings

ROOT = Path(__file__).resolve().parents[2]
SWEEP = "sweep:\n  models:\n    - encdec-t1c\n"


def test_the_committed_settings_are_read_whole() -> None:
    found = read_run_settings(ROOT / "params.yaml")
    assert len(found.models) == 4
    assert (found.train.epochs, found.train.lesion_weight) == (7, 40.0)
    assert found.validate.register is Register.OFF
    assert found.phantom.patients == 150


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(SWEEP)
    found = read_run_settings(tmp_path / "params.yaml")
    assert [model.slug for model in found.models] == ["encdec-t1c"]
    assert found.evaluate == EvaluateConfig()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SWEEP + "train:\n  epochz: 3\n", "train.epochz is no setting"),
        (SWEEP + "train:\n  epochs: many\n", "train: "),
        (SWEEP + "train:\n  epochs: 0\n", "epochs is 0"),
        (SWEEP + "evaluate:\n  select_by: mae\n", "select_by is 'mae'"),
        (SWEEP + "preprocess: 5\n", "'preprocess' is not a section"),
        ("sweep:\n  models: []\n", "empty"),
        ("sweep:\n  models: [encdec-t9]\n", "'t9' is not a sequence"),
    ],
)
def test_what_a_later_step_would_refuse_is_refused_now(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_run_settings(tmp_path / "params.yaml")
