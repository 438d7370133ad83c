"""Changing one list in params.yaml without touching what people wrote around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from cbvsynth.errors import UsageError
from cbvsynth.records.storage import write_text

SWEEP, MODELS = "sweep", "models"


def read_sweep_models(path: Path) -> tuple[str, ...]:
    """The patterns under sweep.models.

    Raises:
        UsageError: the file is missing, is not YAML, or has no such list.
    """
    node = _models_node(path, _read(path))
    return tuple(str(item.value) for item in node.value)


def write_sweep_models(path: Path, models: Sequence[str]) -> bool:
    """Replace the list under sweep.models, one item a line, atomically; every other byte stays.

    Returns:
        Whether the file changed.

    Raises:
        UsageError: the file is missing, is not YAML, or has no such list.
    """
    text = _read(path)
    node = _models_node(path, text)
    if node.flow_style:
        start, end = node.start_mark.index, node.end_mark.index
        lead, indent = "\n", " " * (_column_of_key(text, start) + 2)
        start -= len(text[:start]) - len(text[:start].rstrip(" "))
    else:
        start, end = node.start_mark.index, node.value[-1].end_mark.index
        lead, indent = "", " " * node.start_mark.column
    items = f"\n{indent}".join(f"- {model}" for model in models)
    changed = f"{text[:start]}{lead}{indent if lead else ''}{items}{text[end:]}"
    if changed == text:
        return False
    write_text(path, changed)
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; name the file of parameters with --params.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text; expected a file of parameters, YAML. Name another.") from error


def _models_node(path: Path, text: str) -> yaml.SequenceNode:
    """The list in the parsed document, with its place in the text."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}. Correct the file.") from error
    sweep = _value(root, SWEEP)
    models = _value(sweep, MODELS)
    if not isinstance(models, yaml.SequenceNode):
        raise UsageError(
            f"{path} has no list under {SWEEP}.{MODELS}; expected '{SWEEP}:' with '{MODELS}: []' below it. "
            "Add these two lines."
        )
    if any(isinstance(parent, yaml.MappingNode) and parent.flow_style for parent in (root, sweep)):
        raise UsageError(
            f"{path}: {SWEEP}.{MODELS} stands inside braces; expected '{SWEEP}:' and '{MODELS}:' on lines of "
            "their own. Write them that way."
        )
    return models


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _column_of_key(text: str, position: int) -> int:
    """Column of the key in the line that holds a position."""
    line = text[text.rfind("\n", 0, position) + 1 :]
    return len(line) - len(line.lstrip(" "))
