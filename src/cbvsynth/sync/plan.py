"""From the registry's aliases to what is served: which versions, under which labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbvsynth.domain.sequences import Combination, Sequence, all_combinations
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import STABLE, Selection, ServedVersion
from cbvsynth.registry.served import ServedState, as_served, labels_of
from cbvsynth.registry.versions import available_alias
from cbvsynth.sync.options import Mode


@dataclass(frozen=True)
class Plan:
    """What is to be served, and what is left out although the registry names it: a sentence each."""

    selection: Selection
    left_out: tuple[str, ...]


def plan(registered_name: str, state: ServedState, mode: Mode) -> Plan:
    """What is to be served.

    In every mode the champion is `stable`, the version it replaced is `previous`, and the alias canary is
    `canary`. `champion` serves these alone. `fallback` adds the best version for every set of available
    sequences, the fewest that serve them all; `all` adds every version there is. A version that was
    deleted, or is no model of this project, is left out.

    Raises:
        RegistryError: there is no champion, or it is such a version.
    """
    labels = labels_of(state.aliases, state.versions)
    if STABLE not in labels:
        raise RegistryError(
            f"'{registered_name}' has no champion; expected one to serve. Promote a model first: make "
            "demo, or cbvsynth promote."
        )
    patterns = _patterns(state)
    loaded = set(labels.values())
    if mode is not Mode.CHAMPION:
        loaded |= set(patterns.values())
    if mode is Mode.ALL:
        loaded |= set(state.versions)
    served, unfit = _served(state, loaded)
    if labels[STABLE] in unfit:
        raise RegistryError(
            f"The champion of '{registered_name}' cannot be served, and what is served stays. "
            f"{unfit[labels[STABLE]]} Or go back with 'cbvsynth registry rollback'."
        )
    mismatched = {
        pattern: number
        for pattern, number in patterns.items()
        if number in served and not served[number].model.combination.usable_with(pattern.sequences)
    }
    return Plan(
        Selection(
            registered_name=registered_name,
            select_by=state.select_by,
            versions=tuple(served.values()),
            patterns={
                pattern: number
                for pattern, number in patterns.items()
                if number in served and pattern not in mismatched
            },
            labels={label: number for label, number in labels.items() if number in served},
        ),
        (
            *unfit.values(),
            *(
                f"The alias '{available_alias(pattern)}' points at version {number}, "
                f"{served[number].model}, which needs more than these sequences. Promote again."
                for pattern, number in mismatched.items()
            ),
        ),
    )


def _served(state: ServedState, loaded: set[int]) -> tuple[dict[int, ServedVersion], Mapping[int, str]]:
    """The versions that can be served, ascending, and why the others cannot."""
    served, unfit = {}, {}
    for number in sorted(loaded):
        if number not in state.versions:
            aliases = ", ".join(f"'{alias}'" for alias, at in state.aliases.items() if at == number)
            unfit[number] = (
                f"Version {number}, which the alias {aliases} points at, was deleted; expected it to be kept "
                "as long as it is named. Roll back, or promote again."
            )
            continue
        try:
            served[number] = as_served(state.versions[number], (state.ssim or {}).get(number))
        except RegistryError as error:
            unfit[number] = str(error)
    return served, unfit


def _patterns(state: ServedState) -> dict[Combination, int]:
    named = {pattern: state.aliases.get(available_alias(pattern)) for pattern in all_combinations(Sequence)}
    return {pattern: number for pattern, number in named.items() if number is not None}
