"""From the registry's aliases to what is served: which versions, under which labels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit, all_combinations
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import CANARY, STABLE, Selection, ServedVersion
from cbvsynth.registry.canary import CANARY as CANARY_ALIAS
from cbvsynth.registry.served import ServedState
from cbvsynth.registry.versions import CHAMPION, ModelVersion, available_alias
from cbvsynth.sync.options import Mode

PREVIOUS = "previous"
"""Label of the version that the champion replaced: it stays loaded, so that going back is instant."""


def plan(registered_name: str, state: ServedState, mode: Mode) -> Selection:
    """What is to be served.

    In every mode the champion is `stable`, the version it replaced is `previous`, and the alias canary is
    `canary`. `champion` serves these alone. `fallback` adds the best version for every set of available
    sequences, the fewest that serve them all; `all` adds every version there is.

    Raises:
        RegistryError: there is no champion, or an alias points at a version that is gone.
    """
    champion = state.versions.get(state.aliases.get(CHAMPION, 0))
    if champion is None:
        raise RegistryError(
            f"'{registered_name}' has no champion; expected one to serve. What is served stays. Promote a "
            "model first: make demo, or cbvsynth promote."
        )
    labels = {STABLE: champion.version}
    replaced = int(champion.tags.get("replaces", "0"))
    if replaced in state.versions:
        labels[PREVIOUS] = replaced
    if CANARY_ALIAS in state.aliases:
        labels[CANARY] = state.aliases[CANARY_ALIAS]
    patterns = _patterns(state)
    loaded = set(labels.values())
    if mode is Mode.CHAMPION:
        patterns = {pattern: number for pattern, number in patterns.items() if number in loaded}
    else:
        loaded |= set(patterns.values())
    if mode is Mode.ALL:
        loaded |= set(state.versions)
    _require_there(registered_name, state, loaded)
    return Selection(
        registered_name=registered_name,
        select_by=state.select_by,
        versions=tuple(_served(state, state.versions[number]) for number in sorted(loaded)),
        patterns=patterns,
        labels=labels,
    )


def _require_there(registered_name: str, state: ServedState, loaded: Collection[int]) -> None:
    gone = sorted(set(loaded) - set(state.versions))
    if gone:
        raise RegistryError(
            f"An alias of '{registered_name}' points at version {gone[0]}, which is gone; expected it to be "
            "kept as long as it is named. What is served stays. Roll back, or promote again."
        )


def without_previous(selection: Selection) -> Selection:
    """The selection without the version that the champion replaced, where nothing else names that one."""
    labels = {label: number for label, number in selection.labels.items() if label != PREVIOUS}
    named = {*labels.values(), *selection.patterns.values()}
    gone = {selection.labels[PREVIOUS]} - named if PREVIOUS in selection.labels else set()
    kept = tuple(served for served in selection.versions if served.version not in gone)
    return replace(selection, labels=labels, versions=kept)


def _patterns(state: ServedState) -> dict[Combination, int]:
    named = {pattern: state.aliases.get(available_alias(pattern)) for pattern in all_combinations()}
    return {pattern: number for pattern, number in named.items() if number is not None}


def _served(state: ServedState, version: ModelVersion) -> ServedVersion:
    return ServedVersion(
        version=version.version,
        model=ModelId.parse(version.model),
        target_unit=TargetUnit(version.tags.get("target_unit", "")),
        digest=version.digest,
        ssim=(state.ssim or {}).get(version.version),
    )
