"""Going back to an earlier champion."""

from __future__ import annotations

from cbvsynth.errors import RegistryError
from cbvsynth.registry.promotion import point_aliases
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import CHAMPION, ModelVersion, list_versions, version_of


def roll_back(registry: Registry, to_version: int = 0) -> tuple[ModelVersion, ModelVersion]:
    """Point every alias where it pointed when an earlier champion was crowned; move nothing else.

    Args:
        registry: where.
        to_version: an earlier champion; 0 is the one that the present champion replaced.

    Returns:
        The champion before and the champion now.

    Raises:
        RegistryError: there is no champion, no earlier one, or the version never was one.
    """
    with registry.lock():
        present = version_of(registry, CHAMPION)
        if present is None:
            raise RegistryError(
                f"'{registry.registered_name}' has no champion at {registry.address}; expected one to go "
                "back from. Promote a model first."
            )
        wanted = to_version or int(present.tags.get("replaces", "0"))
        if not wanted:
            raise RegistryError(
                f"Version {present.version} is the first champion of '{registry.registered_name}'; there "
                "is nothing to go back to."
            )
        former = {version.version: version for version in list_versions(registry)}
        target = former.get(wanted)
        if target is None or not target.alias_snapshot:
            champions = [str(number) for number, version in former.items() if version.alias_snapshot]
            raise RegistryError(
                f"Version {wanted} of '{registry.registered_name}' was never champion; expected one of "
                f"{', '.join(champions)}. See 'cbvsynth registry list'."
            )
        point_aliases(registry, target.alias_snapshot)
    return present, target
