"""Going back to an earlier champion."""

from __future__ import annotations

from collections.abc import Mapping

from cbvsynth.errors import RegistryError
from cbvsynth.registry.promotion import point_aliases
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import CHAMPION, ModelVersion, aliases_of, list_versions


def roll_back(registry: Registry, to_version: int = 0) -> tuple[ModelVersion | None, ModelVersion]:
    """Point every alias where it pointed when an earlier champion was crowned; move nothing else.

    Args:
        registry: where.
        to_version: an earlier champion; 0 is the one that the present champion replaced.

    Returns:
        The champion before, None where it is not there any more, and the champion now.

    Raises:
        RegistryError: there is nothing to go back to, the version never was champion, or one that was
            named with it was deleted.
    """
    with registry.lock():
        versions = {version.version: version for version in list_versions(registry)}
        present = versions.get(aliases_of(registry).get(CHAMPION, 0))
        wanted = to_version or _replaced(registry, present)
        target = versions.get(wanted)
        if target is None or not target.alias_snapshot:
            state = "was never champion" if target else "is not there, or not any more"
            raise RegistryError(
                f"Version {wanted} of '{registry.registered_name}' {state}; expected one of "
                f"{_champions(versions)}. Name one with --to; see 'cbvsynth registry list'."
            )
        deleted = sorted(set(target.alias_snapshot.values()) - set(versions))
        if deleted:
            raise RegistryError(
                f"When version {wanted} of '{registry.registered_name}' was champion, version "
                f"{', '.join(map(str, deleted))} was served beside it, which was deleted since. Nothing was "
                f"changed; go back to one of {_champions(versions)} with --to, or promote again."
            )
        point_aliases(registry, target.alias_snapshot)
    return present, target


def _replaced(registry: Registry, present: ModelVersion | None) -> int:
    if present is None:
        raise RegistryError(
            f"'{registry.registered_name}' has no champion at {registry.address}; expected one to go back "
            "from. Promote a model first, or name an earlier champion with --to."
        )
    if not present.replaces:
        raise RegistryError(
            f"Version {present.version} is the first champion of '{registry.registered_name}'; there is "
            "nothing to go back to."
        )
    return present.replaces


def _champions(versions: Mapping[int, ModelVersion]) -> str:
    """Versions that rollback can return to: everything that was named with them is there."""
    whole = [
        str(number)
        for number, version in versions.items()
        if version.alias_snapshot and set(version.alias_snapshot.values()) <= set(versions)
    ]
    return ", ".join(whole) or "(none)"
