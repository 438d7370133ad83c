"""Names of files as a person describes them, where no known layout fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import UsageError
from cbvsynth.study.layout_tables import LayoutTable, Rule

_ROLES = (*(sequence.value for sequence in MriSequence), "cbv", "mask", "seg")
_PART = re.compile(r"\{[^{}]*\}|\*\*/|\*\*|\*|\?|[^{}*?]+|[{}]")
_ENDING = re.compile(r"(?i)\.nii(?:\.gz)?$")
_EXAMPLE = "t1={subject}/{session}/*T1w.nii.gz"


def pattern_table(patterns: Sequence[str], unit: TargetUnit = TargetUnit.RELATIVE) -> LayoutTable:
    """A layout of patterns, each ``ROLE=PATH``; several for one role are tried in their order.

    In a path, ``{subject}`` and ``{session}`` are a patient's and a session's name, of any characters but
    ``/`` and the same wherever they stand; ``*`` is any part of a name, ``**`` any number of folders, ``?``
    one character.

    Args:
        patterns: as in ``t1={subject}/{session}/*T1w.nii.gz``.
        unit: of CBV maps that state none.

    Raises:
        UsageError: a pattern is none.
    """
    rules = tuple(_rule(pattern) for pattern in patterns)
    return LayoutTable(
        layout=Layout.AUTO,
        title="the given patterns",
        example=patterns[0].partition("=")[2],
        target_unit=unit,
        unit_from_sidecar=True,
        rules=rules,
    )


def _rule(pattern: str) -> Rule:
    role, sign, path = pattern.partition("=")
    if not sign or role.strip().lower() not in _ROLES:
        raise UsageError(
            f"The pattern '{pattern}' begins with no role; expected {', '.join(_ROLES)} and '=', as "
            f"in {_EXAMPLE}"
        )
    if "{subject}" not in path:
        raise UsageError(f"The pattern '{pattern}' has no {{subject}}; expected one, as in {_EXAMPLE}")
    if not _ENDING.search(path):
        raise UsageError(
            f"The pattern '{pattern}' ends in no .nii or .nii.gz; expected one, as in {_EXAMPLE}"
        )
    return Rule(
        role.strip().lower(), _compiled(pattern, path.strip()), "CBV" if "cbv" in role.lower() else ""
    )


def _compiled(pattern: str, path: str) -> re.Pattern[str]:
    parts = []
    seen: set[str] = set()
    for part in _PART.findall(_ENDING.sub("", path)):
        if part in ("{subject}", "{session}"):
            name = part.strip("{}")
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
            seen.add(name)
        elif part[:1] in "{}":
            raise UsageError(
                f"The pattern '{pattern}' holds {part}; expected only {{subject}} and {{session}} in braces."
            )
        else:
            parts.append(
                {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
            )
    return re.compile("".join(parts) + r"(?i:\.nii(?:\.gz)?)")
