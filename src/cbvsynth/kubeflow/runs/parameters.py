"""The pipeline's parameters, and turning texts and files into their values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path

import yaml

from cbvsynth.config import STEPS
from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.settings import pipeline_name, short_name

Value = str | int | float | list[str]

_WORDS = {
    "STRING": "text",
    "NUMBER_INTEGER": "a whole number",
    "NUMBER_DOUBLE": "a number",
    "LIST": "a list, as a,b,c",
}


@dataclass(frozen=True)
class Parameter:
    """One input of a compiled pipeline, as its specification states it."""

    name: str
    kind: str
    """STRING, NUMBER_INTEGER, NUMBER_DOUBLE or LIST."""
    default: Value
    description: str
    form_name: str
    """What the run form calls it, and Kubeflow's API."""


def parameters_of(spec: Mapping[str, object]) -> dict[str, Parameter]:
    """The parameters that a compiled pipeline takes, by name."""
    root = spec["root"]
    assert isinstance(root, Mapping), "checked when it was compiled or read"
    entries = root.get("inputDefinitions", {}).get("parameters", {})
    return {
        short_name(name): Parameter(
            name=short_name(name),
            kind=str(entry["parameterType"]),
            default=_whole(str(entry["parameterType"]), entry.get("defaultValue", "")),
            description=str(entry.get("description", "")),
            form_name=name,
        )
        for name, entry in entries.items()
    }


def as_sent(values: Mapping[str, Value], known: Mapping[str, Parameter]) -> dict[str, Value]:
    """Arguments by the names that the compiled pipeline has for them."""
    return {known[name].form_name: value for name, value in values.items()}


def arguments_from_params(path: Path, known: Mapping[str, Parameter]) -> dict[str, Value]:
    """Pipeline arguments that say the same as a params.yaml: its settings, and its sweep as `models`.

    Raises:
        UsageError: the file is missing, is not YAML, or has a section that is not a list of settings.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        sections = {step: dict(content.get(step) or {}) for step in (*STEPS, "sweep")}
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; name the file of parameters with --params.") from error
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is not a file of parameters; expected a section for each step, as in params.yaml."
        ) from error
    given: dict[str, object] = dict(sections.pop("sweep"))
    for step, settings in sections.items():
        for field, value in settings.items():
            name = pipeline_name(step, field)
            if given.setdefault(name, value) != value:
                raise UsageError(
                    f"{path}: '{field}' of {step} is {value}, another step has {given[name]}; the pipeline "
                    "has one parameter for both. Make them the same."
                )
    return {name: checked(known, name, value) for name, value in given.items()}


def arguments_from_text(pairs: Sequence[str], known: Mapping[str, Parameter]) -> dict[str, Value]:
    """Pipeline arguments from `name=value` texts; lists are a,b,c or JSON.

    Raises:
        UsageError: a text without '=', a name that is not a parameter, or a value of another type.
    """
    arguments: dict[str, Value] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise UsageError(f"'{pair}' is not an argument; expected name=value, as in epochs=50.")
        arguments[short_name(name.strip())] = checked(known, name.strip(), text.strip())
    return arguments


def checked(known: Mapping[str, Parameter], name: str, given: object) -> Value:
    """A value in the type that the pipeline expects.

    Raises:
        UsageError: the pipeline has no such parameter, or the value is not of its type.
    """
    name = short_name(name)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"It has {', '.join(sorted(known))}."
        raise UsageError(f"The pipeline has no parameter '{name}'. {hint}")
    kind = known[name].kind
    try:
        return _converted(kind, given)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{name} is '{given}'; expected {_WORDS[kind]}. {known[name].description}"
        ) from error


def _converted(kind: str, given: object) -> Value:
    # YAML reads a bare on or off as a boolean, which Python would take for the number 1 or 0.
    if isinstance(given, bool):
        raise TypeError("a boolean")
    if kind == "LIST":
        return _list(given)
    if kind == "NUMBER_INTEGER":
        # By way of a decimal number: 50.0 and 5e1 are whole as well.
        number = float(str(given))
        if not number.is_integer():
            raise ValueError("not whole")
        return int(number)
    if kind == "NUMBER_DOUBLE":
        decimal = float(str(given))
        if not isfinite(decimal):
            raise ValueError("not finite")
        return decimal
    text = str(given)
    if not text:
        raise ValueError("empty")
    return text


def _list(given: object) -> list[str]:
    if isinstance(given, str):
        items = json.loads(given) if given.startswith("[") else given.split(",")
    else:
        items = given
    if not isinstance(items, list):
        raise TypeError("not a list")
    named = [str(item).strip() for item in items]
    if not all(named):
        raise ValueError("an empty item")
    return named


def _whole(kind: str, value: Value) -> Value:
    """Turn back the floating-point numbers in which the specification holds every number."""
    return int(value) if kind == "NUMBER_INTEGER" and isinstance(value, float) else value
