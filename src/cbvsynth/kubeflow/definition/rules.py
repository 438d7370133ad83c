"""Rules that a compiled package must keep: each stands for a run that silently went wrong.

Sources: the kubeflow/pipelines issues named at each rule, and what its local runner does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from cbvsynth.kubernetes_words import IMAGE

Spec = Mapping[str, Any]

MOST_BYTES = 120_000
"""Kubernetes keeps a workflow in one object of about 1.5 MB, in which the package appears several times; a
dozen of this size fit."""

_OUTPUT = "Output"
"""Key of a component's single returned value."""
_MUTABLE_TAGS = frozenset({"latest", "main", "master", "dev", "nightly", "stable", "edge"})


def broken_rules(text: str) -> list[str]:
    """What is wrong with a compiled package, a sentence each; empty when nothing is."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    spec = documents[0]
    found = [line for rule in RULES for line in rule(spec)]
    if len(text.encode()) > MOST_BYTES:
        found.append(f"the package has {len(text.encode())} bytes; expected at most {MOST_BYTES}")
    return found


def only_shared_values_enter_a_loop(spec: Spec) -> Iterator[str]:
    """Inside a loop, an upstream task's output parameter silently turns into the loop item."""
    for place, name, task in _tasks(spec):
        if not _is_loop(task):
            continue
        items = task["parameterIterator"]["items"].get("inputParameter", "")
        for parameter, source in task.get("inputs", {}).get("parameters", {}).items():
            if "taskOutputParameter" in source and parameter != items:
                producer = source["taskOutputParameter"]["producerTask"]
                yield (
                    f"{place}/{name}: the output parameter '{parameter}' of {producer} enters the loop; "
                    "expected pipeline parameters, the loop item and artifacts only"
                )


def loops_run_over_single_returned_values(spec: Spec) -> Iterator[str]:
    """A loop over a named output fails in the local runner."""
    for place, name, task in _tasks(spec):
        if not _is_loop(task):
            continue
        items = task["parameterIterator"]["items"].get("inputParameter", "")
        source = task.get("inputs", {}).get("parameters", {}).get(items, {})
        key = source.get("taskOutputParameter", {}).get("outputParameterKey", _OUTPUT)
        if key != _OUTPUT:
            yield f"{place}/{name}: loops over the named output '{key}'; expected a single returned value"


def conditions_ask_single_returned_values(spec: Spec) -> Iterator[str]:
    """A condition on a named output is never true in the local runner, and no error says so."""
    for place, name, task in _tasks(spec):
        condition = task.get("triggerPolicy", {}).get("condition", "")
        for parameter in re.findall(r"parameter_values\['([^']+)'\]", condition):
            if not parameter.endswith(f"-{_OUTPUT}"):
                yield f"{place}/{name}: asks the named output '{parameter}'; expected a single returned value"


def loops_are_flat(spec: Spec) -> Iterator[str]:
    """One task per iteration: Kubeflow loses track of several (kubeflow/pipelines #12131)."""
    for place, name, task in _tasks(spec):
        if not _is_loop(task):
            continue
        inside = spec["components"][task["componentRef"]["name"]]["dag"]["tasks"]
        kinds = [_executor(spec, entry) for entry in inside.values()]
        if len(kinds) != 1 or not kinds[0]:
            yield f"{place}/{name}: {len(kinds)} tasks or a graph in one iteration; expected one task"
        for inner, entry in inside.items():
            if "retryPolicy" in entry:
                yield f"{place}/{name}/{inner}: a retry inside a loop is not obeyed (#12389)"


def defaults_are_neither_empty_nor_booleans(spec: Spec) -> Iterator[str]:
    """Empty texts and False as defaults break the form (kubeflow/pipelines #11515)."""
    for name, entry in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items():
        default = entry.get("defaultValue")
        if (
            "defaultValue" not in entry
            or default is None
            or isinstance(default, bool)
            or default in ("", [], {})
        ):
            yield f"parameter {name}: its default is {default!r}; expected a text, a number or a list"
        if not str(entry.get("description", "")).strip():
            yield f"parameter {name}: no description; expected a sentence that explains it"
        if isinstance(default, str) and ("python3" in default or "{{$" in default):
            yield f"parameter {name}: its default holds 'python3' or '{{{{$', which runners rewrite"


def images_cannot_change(spec: Spec) -> Iterator[str]:
    """A cluster's stores go by the image's name: it must be a digest or the tag of a version."""
    users: dict[str, list[str]] = {}
    for name, executor in _executors(spec):
        users.setdefault(executor["image"], []).append(name)
    for image, names in users.items():
        if why := may_change(image):
            yield f"the image '{image}' of {', '.join(names)} {why}"


def may_change(image: str) -> str:
    """What is wrong with the name of an image; empty where its content is settled."""
    base, _, digest = image.partition("@")
    tag = base.rpartition("/")[2].partition(":")[2]
    if digest and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        return "has an invalid digest; expected @sha256:<64 digits>"
    if IMAGE.fullmatch(image) is None:
        return "is not the name of an image; expected one as registry.example.org/cbvsynth:1.2.0"
    if digest:
        return ""
    if not tag or tag.lower() in _MUTABLE_TAGS or not any(sign.isdigit() for sign in tag):
        return "may change; expected a version's tag, as in cbvsynth:1.2.0, or a digest"
    return ""


def nothing_is_installed_at_run_time(spec: Spec) -> Iterator[str]:
    """A cluster may have no internet (kubeflow/pipelines #9032)."""
    for name, executor in _executors(spec):
        if "pip install" in " ".join(executor.get("command", [])):
            yield f"{name}: installs packages when it starts; expected install_kfp_package=False"


def the_workspace_is_the_only_cache(spec: Spec) -> Iterator[str]:
    """Kubeflow's cache would not see a changed study and would remember a failure of keep_going."""
    for place, name, task in _tasks(spec):
        if _executor(spec, task) and task.get("cachingOptions", {}).get("enableCache"):
            yield f"{place}/{name}: Kubeflow's cache is on; expected set_caching_options(False)"


RULES: tuple[Callable[[Spec], Iterator[str]], ...] = (
    only_shared_values_enter_a_loop,
    loops_run_over_single_returned_values,
    conditions_ask_single_returned_values,
    loops_are_flat,
    defaults_are_neither_empty_nor_booleans,
    images_cannot_change,
    nothing_is_installed_at_run_time,
    the_workspace_is_the_only_cache,
)


def _tasks(spec: Spec) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    graphs = {"root": spec["root"], **spec.get("components", {})}
    for place, graph in graphs.items():
        for name, task in graph.get("dag", {}).get("tasks", {}).items():
            yield place, name, task


def _is_loop(task: Mapping[str, Any]) -> bool:
    return "parameterIterator" in task


def _executor(spec: Spec, task: Mapping[str, Any]) -> str:
    """The executor of a task; empty where the task is a graph."""
    component = spec.get("components", {}).get(task["componentRef"]["name"], {})
    return str(component.get("executorLabel", ""))


def _executors(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, executor in spec.get("deploymentSpec", {}).get("executors", {}).items():
        yield name, executor.get("container", {"image": "", "command": []})
