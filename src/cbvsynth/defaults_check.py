"""Whether a flag's default fits its type, without the type checker that the parser would import.

tyro knows at once whether a value is an `int`, and asks typeguard about everything else: enumerations,
`Path | None`, `tuple[str, ...]`. Importing typeguard takes a third of the time that `--help` takes. These
types are decided here; any other goes on to tyro.
"""

from __future__ import annotations

import types
from enum import EnumType
from typing import Any, Union, get_args, get_origin

from tyro import _resolver

_ask_tyro = getattr(_resolver, "is_instance", None)


def answer_at_once() -> None:
    """Have tyro ask `fits`; a tyro that has no such question any more is left as it is."""
    if _ask_tyro is not None:
        vars(_resolver)["is_instance"] = fits


def fits(expected: Any, value: Any) -> bool:  # noqa: ANN401  a type
    """Whether a value is of the type that a flag or a parameter is annotated with."""
    if isinstance(expected, EnumType) or expected is type(None):
        return isinstance(value, expected)
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return any(fits(argument, value) for argument in arguments)
    if origin is tuple and arguments[1:] == (...,):
        return isinstance(value, tuple) and all(fits(arguments[0], one) for one in value)
    assert _ask_tyro is not None
    return bool(_ask_tyro(expected, value))
