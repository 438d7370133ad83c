"""A step's settings as Kubeflow knows them: the fields of its config that say what to do, not where.

A field is written once, in cbvsynth.config: its type, default and sentence of help become those of the
step's component and of the pipeline's parameter. The pipeline's names, and what the run form shows in their
place, are made here and nowhere else.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from enum import Enum
from functools import cache
from inspect import Parameter
from pathlib import Path
from typing import Any, List, get_type_hints  # noqa: UP035  Kubeflow reads List

from docstring_parser import parse_from_object

from cbvsynth.config import STEPS
from cbvsynth.domain.options import Switch
from cbvsynth.domain.scores import SSIM_CONVENTIONS

_CHOSEN_BY_THE_PLAN = frozenset({"model", "models"})
"""Which model a task trains, and which ones it judges: a run's plan says so, no setting of the step."""

_OWN_NAMES = {
    ("validate", "workers"): "check_workers",
    ("validate", "register"): "check_register",
    ("preprocess", "workers"): "prepare_workers",
    ("preprocess", "seed"): "split_seed",
    ("evaluate", "seed"): "bootstrap_seed",
}
"""Fields whose name means something else in another step: (step, field) -> the pipeline's name for it."""


_OF_THE_RUN = ("data", "limits", "workspace", "models", "keep_going")
"""The pipeline's parameters that are no setting of one step."""
_SECTIONS = {
    "run": "1. Run",
    "validate": "2. Check",
    "preprocess": "3. Prepare",
    "train": "4. Train",
    "evaluate": "5. Judge",
    "promote": "6. Promote",
}
"""Kubeflow's run form sorts its fields by the bytes of their names and shows nothing but the names."""
_LISTED = {"keep_going": tuple(word.value for word in Switch), "select_by": tuple(SSIM_CONVENTIONS)}
"""Texts that come from a closed list although their type does not say so."""


@dataclass(frozen=True)
class Setting:
    """One setting of a step."""

    parameter: Parameter
    """Name, type and default; as text it is a line of a signature."""
    description: str
    choice: tuple[str, ...] = ()
    """The words of a closed list; empty where any value of the type may be given."""

    @property
    def name(self) -> str:
        """The field's name."""
        return self.parameter.name


def pipeline_name(step: str, field: str) -> str:
    """The pipeline's name for a field of a step's config."""
    return _OWN_NAMES.get((step, field), field)


@cache
def form_name(name: str) -> str:
    """What the run form calls a parameter of the pipeline: `4. Train: epochs` for epochs."""
    if name in _OF_THE_RUN:
        return f"{_SECTIONS['run']}: {name}"
    step = next(step for step in STEPS for one in settings_of(step) if pipeline_name(step, one.name) == name)
    return f"{_SECTIONS[step]}: {name}"


def short_name(form_name: str) -> str:
    """The pipeline's name for what the run form calls so: epochs for `4. Train: epochs`."""
    return form_name.rpartition(": ")[2]


@cache
def choice_of(name: str) -> tuple[str, ...]:
    """The words that a parameter of the pipeline may have; empty where it is free."""
    if name in _LISTED:
        return _LISTED[name]
    return next((one.choice for one in pipeline_settings() if one.name == name), ())


@cache
def settings_of(step: str) -> tuple[Setting, ...]:
    """The settings of a step, in the order of its config."""
    config = STEPS[step]
    types = get_type_hints(config)
    documented = parse_from_object(config).params
    sentences = {entry.arg_name: " ".join((entry.description or "").split()) for entry in documented}
    return tuple(
        _setting(field.name, types[field.name], field.default, sentences.get(field.name, ""))
        for field in fields(config)
        if types[field.name] is not Path and field.name not in _CHOSEN_BY_THE_PLAN
    )


@cache
def pipeline_settings() -> tuple[Setting, ...]:
    """The settings of all steps under the pipeline's names; one that two steps share, as the first has it."""
    found: dict[str, Setting] = {}
    for step in STEPS:
        for setting in settings_of(step):
            name = pipeline_name(step, setting.name)
            found.setdefault(name, replace(setting, parameter=setting.parameter.replace(name=name)))
    return tuple(found.values())


def _setting(name: str, kind: Any, default: Any, sentence: str) -> Setting:  # noqa: ANN401  any type, and a value of it
    """Kubeflow knows no closed lists and no tuples: a word becomes text, the description lists the choice."""
    assert default is not MISSING, f"{name} needs a default: nobody must fill in a field of the form"
    choice: tuple[str, ...] = ()
    if isinstance(default, Enum):
        choice = tuple(str(word.value) for word in type(default))
        sentence += f" One of: {', '.join(choice)}."
        kind, default = str, default.value
    elif isinstance(default, tuple):
        kind, default = List[str], [str(item) for item in default]  # noqa: UP006  as above
    parameter = Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)
    return Setting(parameter, sentence, choice)
