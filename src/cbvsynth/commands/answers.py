"""Answers for programs: what a command found, as one JSON value on standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from cbvsynth.entrypoint import Plain

AsJson = Plain
"""Type of the flag --json."""


def print_json(answer: Mapping[str, object] | Sequence[object]) -> None:
    """Print the JSON values of an answer; a number that is none (NaN, infinity) is null."""
    print(json.dumps(_without_nan(answer), ensure_ascii=False, indent=2, allow_nan=False))


def _without_nan(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
