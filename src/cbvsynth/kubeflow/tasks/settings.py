"""A step's config from what Kubeflow hands to its task, and a short digest of the config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cbvsynth.errors import UsageError

Config = TypeVar("Config")
Word = TypeVar("Word", bound=Enum)

_KINDS = {int: "a whole number", float: "a number"}
_DIGITS = 16
"""Of the digest in a folder's name: 64 bits, so that even among a million names a collision is unlikely."""


def config_from(
    config_class: type[Config], given: Mapping[str, Any], **chosen: Path | tuple[str, ...]
) -> Config:
    """A step's config from a task's parameters; folders, and what else the task decides, come as `chosen`.

    Words are looked up in their closed lists, and a whole number is fine for a decimal one. Anything in
    `given` that is no field of the config is ignored.

    Raises:
        UsageError: a word that is not in its list, or a value that the config refuses.
    """
    types = get_type_hints(config_class)
    values: dict[str, object] = dict(chosen)
    for field in fields(config_class):  # type: ignore[arg-type]  # every config is a dataclass
        if field.name not in chosen and field.name in given:
            values[field.name] = _value(field.name, types[field.name], given[field.name])
    return config_class(**values)


def word_from(words: type[Word], name: str, given: object) -> Word:
    """A word of a closed list.

    Raises:
        UsageError: it is not in the list.
    """
    known = [str(word.value) for word in words]
    if given not in known:
        raise UsageError(f"{name} is '{given}'; expected one of {', '.join(known)}. Change the parameter.")
    return words(given)


def plain_settings(config: object, without: frozenset[str] = frozenset()) -> dict[str, object]:
    """Every setting that is not a folder, as JSON values, except those named in `without`."""
    values = {field.name: getattr(config, field.name) for field in fields(config)}  # type: ignore[arg-type]
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name not in without and not isinstance(value, Path)
    }


def short_digest(content: Mapping[str, object]) -> str:
    """16 hexadecimal digits for JSON values; the order of the keys does not matter."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _value(name: str, kind: Any, given: Any) -> object:  # noqa: ANN401  # a type and whatever came over JSON
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(_value(name, inner, item) for item in given)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return word_from(kind, name, given)
    if given is None or given == "":
        # What Kubeflow's form makes of a field that was emptied, and of a number without a limit.
        raise UsageError(f"{name} is empty; expected {_KINDS.get(kind, 'text')}. Change the parameter.")
    try:
        return kind(given)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{name} is '{given}'; expected {_KINDS.get(kind, 'text')}. Change the parameter."
        ) from error
