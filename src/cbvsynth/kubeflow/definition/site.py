"""A site's own profile, from a YAML file: one of ours, and what is different there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.placeable import unplaceable
from cbvsynth.kubeflow.definition.profiles import Profile, Resources, Toleration, Volume

_BASE = "based_on"


def read_profile(path: Path, known: Mapping[str, Profile]) -> Profile:
    """The profile that a file describes: `based_on`, and any field of a profile.

    Raises:
        UsageError: the file is missing or no YAML, or has a field or a value that no profile can have or no
            cluster takes.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); expected a site's profile.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not YAML; expected a site's profile.") from error
    if not isinstance(content, dict) or content.get(_BASE) not in known:
        raise UsageError(
            f"{path} does not say which profile it changes; expected '{_BASE}:' with one of "
            f"{', '.join(known)}."
        )
    base = known[content.pop(_BASE)]
    changed = _fields(path, Profile, content, base)
    profile = replace(base, **{"name": path.stem, **changed})
    if not profile.accelerator and "accelerators" not in changed:
        profile = replace(profile, accelerators=0)
    if wrong := list(unplaceable(profile)):
        raise UsageError(f"{path}: {' '.join(wrong)}")
    return profile


def _fields(path: Path, kind: type, content: Mapping[str, Any], base: object) -> dict[str, Any]:
    """Values for a dataclass's fields; of parts, only what is given changes."""
    types = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    found = {}
    for name, value in content.items():
        if name not in names:
            near = get_close_matches(str(name), names, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"It has {', '.join(names)}."
            raise UsageError(f"{path}: a profile has no '{name}'. {hint}")
        found[name] = _value(path, name, types[name], value, getattr(base, name, None))
    return found


def _value(path: Path, name: str, kind: Any, value: Any, base: object) -> Any:  # noqa: ANN401  as YAML has it
    parts = {"light": Resources, "train": Resources, "data": Volume, "workspace": Volume}
    if name in parts:
        given = _fields(path, parts[name], _mapping(path, name, value), base)
        if isinstance(base, (Resources, Volume)):
            return replace(base, **given)
        return _made(path, name, parts[name], given)
    if name == "tolerations":
        return tuple(
            _made(path, name, Toleration, _fields(path, Toleration, _mapping(path, name, one), None))
            for one in _sequence(path, name, value)
        )
    if name == "node_selector":
        labels = _mapping(path, name, value)
        for word in (*labels, *labels.values()):
            _plain(path, name, str, word)
        return tuple(labels.items())
    return _plain(path, name, kind, value)


def _plain(path: Path, name: str, kind: Any, value: Any) -> Any:  # noqa: ANN401  as YAML has it
    if not isinstance(value, kind) or isinstance(value, bool) or (kind is int and value < 0):
        expected = "a whole number" if kind is int else "text; put it in quotes"
        raise UsageError(f"{path}: {name} is {value!r}; expected {expected}.")
    return value


def _made(path: Path, name: str, kind: type, given: Mapping[str, Any]) -> Any:  # noqa: ANN401  one of kind
    try:
        return kind(**given)
    except TypeError as error:
        needed = ", ".join(field.name for field in fields(kind))
        raise UsageError(f"{path}: {name} lacks something; expected {needed}.") from error


def _mapping(path: Path, name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {name} is {value!r}; expected names with values.")
    return value


def _sequence(path: Path, name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(f"{path}: {name} is {value!r}; expected a list.")
    return value
