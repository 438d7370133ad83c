"""A version that is tried beside the champion: served under a label of its own, chosen by nobody else."""

from __future__ import annotations

from cbvsynth.errors import RegistryError, UsageError
from cbvsynth.records.selection import CANARY
from cbvsynth.registry.served import as_served
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import CHAMPION, ModelVersion, aliases_of, list_versions


def set_canary(registry: Registry, version: int) -> ModelVersion:
    """Point the alias `canary` at a version; the champion and all other aliases stay.

    Raises:
        RegistryError: there is no such version, or it is no model of this project.
        UsageError: it is the champion already.
    """
    with registry.lock():
        versions = {one.version: one for one in list_versions(registry)}
        if version not in versions:
            known = ", ".join(map(str, versions)) or "none"
            raise RegistryError(
                f"'{registry.registered_name}' at {registry.address} has no version {version}; expected one "
                f"of {known}. See 'cbvsynth registry list'."
            )
        if CHAMPION in versions[version].aliases:
            raise UsageError(
                f"Version {version} of '{registry.registered_name}' is the champion; expected another one, "
                "to be tried beside it. See 'cbvsynth registry list'."
            )
        as_served(versions[version])
        registry.client.set_registered_model_alias(registry.registered_name, CANARY, str(version))
    return versions[version]


def clear_canary(registry: Registry) -> int:
    """Take the alias `canary` away; the version it pointed at, 0 where there was none."""
    with registry.lock():
        version = aliases_of(registry).get(CANARY, 0)
        if version:
            registry.client.delete_registered_model_alias(registry.registered_name, CANARY)
    return version
