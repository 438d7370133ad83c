"""Values that no run could use are refused where they are given, by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cbvsynth.config import PhantomConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.errors import UsageError


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (PhantomConfig, {"patients": 0}),
        (PhantomConfig, {"matrix": 31}),
        (PhantomConfig, {"slices": 6}),
        (PhantomConfig, {"damaged": -1}),
        (ValidateConfig, {"max_dropped_share": 1.01}),
        (ValidateConfig, {"workers": 0}),
        (PreprocessConfig, {"held_out_share": 0.0}),
        (PreprocessConfig, {"held_out_share": 1.0}),
        (TrainConfig, {"model": "encdec-t1", "epochs": 0}),
        (TrainConfig, {"model": "encdec-t1", "learning_rate": 0.0}),
        (TrainConfig, {"model": "encdec-t1", "cbv_max": float("nan")}),
        (TrainConfig, {"model": "encdec-t1", "adversarial_weight": -0.1}),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(config: type, values: Mapping[str, object]) -> None:
    name = list(values)[-1]
    with pytest.raises(UsageError, match=f"^{name} is .*expected"):
        config(**values)


def test_values_at_the_limits_are_accepted() -> None:
    PhantomConfig(patients=1, matrix=32, slices=7, damaged=0)
    ValidateConfig(max_dropped_share=0.0)
    ValidateConfig(max_dropped_share=1.0)
    TrainConfig("encdec-t1", epochs=1, adversarial_weight=0.0)


@pytest.mark.parametrize("model", ["encdec", "unet-t1", "encdec-t1-t3", "encdec-t1-t1"])
def test_an_unknown_model_is_one_line_and_exit_code_2(model: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "components.train", "--model", model],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
