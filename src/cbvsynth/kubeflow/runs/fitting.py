"""Checking that every step accepts its arguments, before anything is sent or started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from cbvsynth.config import STEPS
from cbvsynth.domain.options import Switch
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import select_models
from cbvsynth.kubeflow.definition.settings import pipeline_name
from cbvsynth.kubeflow.runs.parameters import Parameter, Value
from cbvsynth.kubeflow.tasks.settings import config_from, word_from


def require_fitting(arguments: Mapping[str, Value], known: Mapping[str, Parameter]) -> None:
    """Build the config of every step, as its task will; defaults serve where no argument is given.

    Raises:
        UsageError: a word that is not in its list, a number out of range, a pattern that fits no model.
    """
    values: dict[str, Value] = {name: parameter.default for name, parameter in known.items()}
    values.update(arguments)
    models = values["models"]
    select_models(models if isinstance(models, list) else [str(models)])
    word_from(Switch, "keep_going", values["keep_going"])
    for step, config_class in STEPS.items():
        given = {
            field.name: values[pipeline_name(step, field.name)]
            for field in fields(config_class)
            if pipeline_name(step, field.name) in values
        }
        given.pop("models", None)
        chosen: dict[str, Path | tuple[str, ...]] = {
            name: Path(str(given.pop(name))) for name in ("data", "limits") if name in given
        }
        if step == "train":
            given["model"] = "encdec-t1"  # any model: the plan names those of the run
        config_from(config_class, given, **chosen)
    gate = {field.name: values[pipeline_name("evaluate", field.name)] for field in fields(GateSettings)}
    gate.pop("required_baselines")
    GateSettings(**gate)  # type: ignore[arg-type]  # the values have the parameters' types
