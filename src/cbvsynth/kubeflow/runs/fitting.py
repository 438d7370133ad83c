"""Checking that every step accepts its arguments, before anything is sent or started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT, mistakes
from cbvsynth.kubeflow.runs.parameters import Parameter, Value


def complete(arguments: Mapping[str, Value], known: Mapping[str, Parameter]) -> dict[str, Value]:
    """The arguments of a run with the default of every parameter that was not given."""
    return {**{name: parameter.default for name, parameter in known.items()}, **arguments}


def require_fitting(values: Mapping[str, Value], mounts: Mapping[str, str]) -> None:
    """Build the config of every step, as its task will.

    Args:
        values: Every parameter of the pipeline.
        mounts: Where the run's volumes are, as `mounts_of` has it; none where tasks see this machine's disk.

    Raises:
        UsageError: a word that is not in its list, a number out of range, a pattern that fits no model, a
            folder on no volume; all of them, if there are several.
    """
    found = mistakes(values, mounts)
    if len(found) == 1:
        raise UsageError(f"{found[0]}. Change the argument; nothing was started.")
    if found:
        listed = "\n".join(f"- {line}" for line in found)
        raise UsageError(f"{len(found)} arguments do not fit; nothing was started:\n{listed}")


def mounts_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """Where a compiled pipeline mounts study and workspace, by the variables that tell its plan."""
    container = spec["deploymentSpec"]["executors"].get("exec-plan", {}).get("container", {})
    found = {entry["name"]: str(entry["value"]) for entry in container.get("env", [])}
    return {name: found[name] for name in (DATA_MOUNT, WORKSPACE_MOUNT) if name in found}
