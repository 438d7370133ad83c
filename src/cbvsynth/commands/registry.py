"""`cbvsynth registry ...`: look at the registered versions, and go back to an earlier champion."""

from __future__ import annotations

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.entrypoint import Plain


def show(name: str = "cbvsynth", json: AsJson = 0) -> None:
    """List the registered versions, who is champion, and which model serves which available sequences.

    Args:
        name: Registered model.
        json: Print it as JSON: every version with its aliases, and every alias with its version.
    """
    from cbvsynth.registry.store import open_registry
    from cbvsynth.registry.versions import AVAILABLE_PREFIX, aliases_of, list_versions

    registry = open_registry(name)
    versions = list_versions(registry)
    if json:
        known = [
            {
                "version": version.version,
                "model": version.model,
                "digest": version.digest,
                "aliases": version.aliases,
                "external": version.external,
            }
            for version in versions
        ]
        print_json({"name": name, "versions": known, "aliases": aliases_of(registry)})
        return
    if not versions:
        print(f"'{name}' has no version at {registry.address}. Promote a model first: make demo")
        return
    print(f"{'version':>7}  {'model':<28} {'digest':<12}  aliases")
    for version in versions:
        named = [alias for alias in version.aliases if not alias.startswith(AVAILABLE_PREFIX)]
        patterns = len(version.aliases) - len(named)
        if patterns:
            named.append(f"best for {patterns} sets of available sequences")
        print(
            f"{version.version:>7}  {version.model or '(not promoted by cbvsynth)':<28} "
            f"{version.digest[:12] or '-':<12}  {', '.join(named) or '-'}"
        )
        for site, told in version.external.items():
            print(f"{'':>7}  on {site}: {told}")
    there = {version.version for version in versions}
    for alias, number in aliases_of(registry).items():
        if number not in there:
            print(f"{number:>7}  {'(deleted)':<28} {'-':<12}  {alias}")


def rollback(name: str = "cbvsynth", to: int = 0) -> None:
    """Make an earlier champion the champion again. No file is moved; serving follows by itself.

    Args:
        name: Registered model.
        to: Version to go back to; 0 is the one that the present champion replaced.
    """
    from cbvsynth.domain.ranges import MAX_VERSION, require_range
    from cbvsynth.registry.rollback import roll_back
    from cbvsynth.registry.store import open_registry

    require_range("to", to, 0, MAX_VERSION)
    before, now = roll_back(open_registry(name), to)
    was = f"version {before.version} ({before.model})" if before else "none"
    print(f"champion of '{name}': was {was},")
    print(f"{'':>{len(name) + 14}}is version {now.version} ({now.model})")


def canary(name: str = "cbvsynth", version: int = 0, clear: Plain = 0) -> None:
    """Serve a version beside the champion under the label canary, for those who ask for it by that label.

    Without a flag: say which version it is now. `cbvsynth predict --label canary` asks for it.

    Args:
        name: Registered model.
        version: Version to try.
        clear: Take the canary away.
    """
    from cbvsynth.domain.ranges import MAX_VERSION, require_range
    from cbvsynth.errors import UsageError
    from cbvsynth.records.selection import CANARY
    from cbvsynth.registry.canary import clear_canary, set_canary
    from cbvsynth.registry.store import open_registry
    from cbvsynth.registry.versions import version_of

    require_range("version", version, 0, MAX_VERSION)
    registry = open_registry(name)
    if version and clear:
        raise UsageError("--version and --clear are both given; expected one of them, or none.")
    if version:
        chosen = set_canary(registry, version)
        print(f"canary of '{name}': version {chosen.version} ({chosen.model}); serving follows by itself")
    elif clear:
        former = clear_canary(registry)
        print(f"'{name}' has no canary any more; it was version {former}" if former else f"'{name}' had none")
    else:
        present = version_of(registry, CANARY)
        shown = f"version {present.version} ({present.model})" if present else "none"
        print(f"canary of '{name}': {shown}")
