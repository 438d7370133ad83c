"""The tree of errors: its picture is right, and each has the exit code that people's scripts rely on."""

from __future__ import annotations

import re

from cbvsynth import errors
from cbvsynth.errors import CbvsynthError, UsageError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CbvsynthError)]


def test_a_wrong_flag_ends_with_2_and_everything_else_with_1() -> None:
    assert {kind for kind in ALL if kind.exit_code == 2} == {UsageError}
    assert {kind.exit_code for kind in ALL} == {1, 2}


def test_the_picture_at_the_top_holds_every_error_under_its_parent() -> None:
    depths = {"CbvsynthError": 0}
    parents: list[str] = []
    for line in str(errors.__doc__).splitlines():
        found = re.match(r"([│ ]*)(?:[├└]── )?([A-Z]\w+Error)\b", line)
        if not found:
            continue
        depth, name = (len(found[1]) + 4 * ("──" in line)) // 4, found[2]
        parents[depth:] = [name]
        depths[name] = depth
        if depth:
            assert getattr(errors, name).__base__.__name__ == parents[depth - 1], name
    assert set(depths) == {kind.__name__ for kind in ALL}
