"""Which of the known layouts a study follows."""

from __future__ import annotations

from collections.abc import Iterable

from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ManifestError
from cbvsynth.study.layout_tables import LayoutTable
from cbvsynth.study.tree import Tree, seen

INPUT_ROLES = frozenset(sequence.value for sequence in Sequence)
"""Roles of images that a model can take."""


def recognise_layout(tree: Tree, tables: Iterable[LayoutTable]) -> LayoutTable:
    """The only one of several layouts that names an input of a study.

    Raises:
        ManifestError: none does, or more than one.
    """
    by_layout = {table.layout: table for table in tables}
    counts = {
        table.layout: sum(
            any(rule.role in INPUT_ROLES and rule.pattern.fullmatch(path) for rule in table.rules)
            for path in tree.images
        )
        for table in by_layout.values()
    }
    fitting = [layout for layout, count in counts.items() if count]
    if len(fitting) == 1:
        return by_layout[fitting[0]]
    if fitting:
        counted = ", ".join(f"{layout} ({counts[layout]} files)" for layout in fitting)
        raise ManifestError(
            f"The data root holds more than one layout: {counted}. Expected one study; choose the layout."
        )
    refused = next(
        (
            one.reason
            for table in by_layout.values()
            for one in table.refusals
            for path in tree.images
            if one.pattern.fullmatch(path)
        ),
        "",
    )
    known = "\n".join(f"  {table.layout:<24}{table.example}" for table in by_layout.values())
    raise ManifestError(
        "No known layout was recognised. "
        f"{seen(tree)}{' ' if refused else ''}{refused[:1].upper()}{refused[1:]} "
        "Expected a manifest.csv, --pattern (see docs/reference/layouts.md), or files named as in:\n"
        f"{known}"
    )
