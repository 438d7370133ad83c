"""The settings of a whole run, as params.yaml has them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from cbvsynth.config import EvaluateConfig, PhantomConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.domain.sequences import ModelId, select_models
from cbvsynth.errors import UsageError
from cbvsynth.records.parameters import read_sweep_models

Config = TypeVar("Config")


@dataclass(frozen=True)
class RunSettings:
    """Settings of every step that the plan asks, and the models of the sweep; `train` is of the first."""

    phantom: PhantomConfig
    validate: ValidateConfig
    preprocess: PreprocessConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    models: tuple[ModelId, ...]


def read_run_settings(params: Path) -> RunSettings:
    """Read and check the file of parameters; a section or key that is missing has its default.

    Raises:
        UsageError: the file is missing or no YAML, a key or value is wrong, or no model is chosen.
    """
    models = select_models(read_sweep_models(params))
    if not models:
        raise UsageError(f"{params}: sweep.models is empty; expected models, as in `cbvsynth sweep quick`.")
    content = yaml.safe_load(params.read_text(encoding="utf-8"))
    return RunSettings(
        _section(params, content, "phantom", PhantomConfig),
        _section(params, content, "validate", ValidateConfig),
        _section(params, content, "preprocess", PreprocessConfig),
        _section(params, content, "train", TrainConfig, model=models[0].slug),
        _section(params, content, "evaluate", EvaluateConfig),
        models,
    )


def _section(
    params: Path, content: dict[str, Any], name: str, kind: type[Config], **chosen: object
) -> Config:
    given = content.get(name) or {}
    if not isinstance(given, dict):
        raise UsageError(f"{params}: '{name}' is not a section; expected keys and values below it.")
    unknown = sorted(set(given) - {field.name for field in fields(kind)})  # type: ignore[arg-type]  # a dataclass
    if unknown:
        raise UsageError(
            f"{params}: {name}.{unknown[0]} is no setting; `cbvsynth {name} --help` lists them. Remove it."
        )
    try:
        return msgspec.convert({**given, **chosen}, kind, dec_hook=lambda of, value: of(value))
    except msgspec.ValidationError as error:
        raise UsageError(f"{params}: {name}: {error}. Correct it.") from error
