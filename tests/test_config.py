"""Values that no run could use are refused where they are given, by name."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from cbvsynth.config import (
    STEPS,
    EvaluateConfig,
    PhantomConfig,
    PreprocessConfig,
    PromoteConfig,
    TrainConfig,
    ValidateConfig,
)
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]


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
        (ValidateConfig, {"enhancing_label": 2}),
        (ValidateConfig, {"enhancing_label": 5}),
        (TrainConfig, {"model": "encdec-t1", "epochs": 0}),
        (TrainConfig, {"model": "encdec-t1", "learning_rate": 0.0}),
        (TrainConfig, {"model": "encdec-t1", "cooldown": 1.1}),
        (TrainConfig, {"model": "encdec-t1", "cbv_max": float("nan")}),
        (TrainConfig, {"model": "encdec-t1", "adversarial_weight": -0.1}),
        (EvaluateConfig, {"registered_name": "a/b:c"}),
        (PromoteConfig, {"registered_name": ""}),
        (PromoteConfig, {"registered_name": "../cbvsynth"}),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(config: type, values: Mapping[str, object]) -> None:
    name = list(values)[-1]
    with pytest.raises(UsageError, match=f"^{name} is .*expected"):
        config(**values)


NUMBERS = [
    pytest.param(config, field.name, kind, id=f"{step}-{field.name}")
    for step, config in {"phantom": PhantomConfig, **STEPS}.items()
    for field in fields(config)
    if (kind := get_type_hints(config)[field.name]) in (int, float)
]


@pytest.mark.parametrize(("config", "name", "kind"), NUMBERS)
def test_no_number_is_taken_that_only_a_library_would_refuse(config: type, name: str, kind: type) -> None:
    """A negative seed of evaluate, an infinite cbv_max or 10^12 resamples ended in a traceback."""
    beyond = [-1, 10**30] if kind is int else [-2.0, 1e300, math.nan, math.inf, -math.inf]
    given = {"model": "encdec-t1"} if config is TrainConfig else {}
    for value in beyond:
        with pytest.raises(
            UsageError, match=rf"^{name} is {re.escape(str(value))}; expected .* Change the flag"
        ):
            config(**given, **{name: value})


def test_the_gate_itself_refuses_the_same() -> None:
    for field in fields(GateSettings):
        if isinstance(field.default, int | float):
            with pytest.raises(UsageError, match=f"^{field.name} is "):
                GateSettings(**{field.name: math.inf})


def test_a_negative_seed_is_one_line_and_exit_code_2() -> None:
    for step in ("preprocess", "evaluate"):
        done = subprocess.run(
            [sys.executable, "-m", f"components.{step}", "--seed", "-1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr == (
            "error: seed is -1; expected 0 to 9223372036854775807. Change the flag or params.yaml.\n"
        )


def test_values_at_the_limits_are_accepted() -> None:
    PhantomConfig(patients=1, matrix=32, slices=7, damaged=0)
    ValidateConfig(max_dropped_share=0.0)
    ValidateConfig(max_dropped_share=1.0)
    TrainConfig("encdec-t1", epochs=1, adversarial_weight=0.0, learning_rate=1.0, seed=2**63 - 1)
    EvaluateConfig(min_examinations=2, margin=0.0, bootstrap_samples=100, seed=0)


@pytest.mark.parametrize("model", ["encdec", "unet-t1", "encdec-t1-t3", "encdec-t1-t1"])
def test_an_unknown_model_is_one_line_and_exit_code_2(model: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "components.train", "--model", model],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
