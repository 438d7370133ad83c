"""A step's dataclass, its flags, params.yaml and dvc.yaml say the same; a difference fails here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import MISSING, Field, fields
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from cbvsynth.config import STEPS, PhantomConfig

ROOT = Path(__file__).resolve().parents[1]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
INTERFACES = {"phantom": PhantomConfig, **STEPS}
NAMED_BY_THE_SWEEP = {"train": {"model"}, "evaluate": {"models"}}

steps = pytest.mark.parametrize("step", INTERFACES)


def type_of(step: str, field: Field[Any]) -> Any:
    return get_type_hints(INTERFACES[step])[field.name]


@steps
def test_params_yaml_has_exactly_the_fields_that_are_not_folders(step: str) -> None:
    expected = {
        field.name for field in fields(INTERFACES[step]) if type_of(step, field) is not Path
    } - NAMED_BY_THE_SWEEP.get(step, set())
    assert set(PARAMS[step]) == expected


@steps
def test_params_yaml_has_values_of_the_fields_types(step: str) -> None:
    for field in fields(INTERFACES[step]):
        if field.name not in PARAMS[step]:
            continue
        value, kind = PARAMS[step][field.name], type_of(step, field)
        if isinstance(kind, type) and issubclass(kind, Enum):
            assert value in [word.value for word in kind], field.name
        elif kind in (int, float, str):
            assert type(value) is kind, f"{field.name}: {value!r} is not {kind.__name__}"
        else:
            assert isinstance(value, list), field.name


@steps
def test_the_dvc_stage_names_every_folder_as_a_flag(step: str) -> None:
    command = STAGES[step]["cmd"].split()
    for field in fields(INTERFACES[step]):
        if type_of(step, field) is Path:
            assert f"--{field.name}" in command, field.name
    assert f"${{{step}}}" in command


@pytest.mark.parametrize("step", STEPS)
def test_the_program_offers_every_field_as_a_flag(step: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", f"components.{step}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for field in fields(STEPS[step]):
        assert f"--{field.name} " in shown, field.name


@steps
def test_fields_are_words_numbers_and_folders_never_booleans_or_none(step: str) -> None:
    for field in fields(INTERFACES[step]):
        kind = type_of(step, field)
        is_word = isinstance(kind, type) and issubclass(kind, Enum)
        is_list = getattr(kind, "__origin__", None) is tuple
        assert kind in (str, int, float, Path) or is_word or is_list, field.name
        assert field.default is not None
        assert field.default != "", "Kubeflow's form breaks on an empty text"


def test_only_the_model_of_train_must_be_given() -> None:
    required = [
        (step, field.name)
        for step in INTERFACES
        for field in fields(INTERFACES[step])
        if field.default is MISSING and field.default_factory is MISSING
    ]
    assert required == [("train", "model")]
