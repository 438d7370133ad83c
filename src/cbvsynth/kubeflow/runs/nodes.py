"""Our tasks among the nodes that a Kubeflow host lists for a run: one for each, by its title.

The host lists what its workflow engine made: for one task a driver, a graph around its pod, the pod, and each
attempt of these; for a loop a node for every iteration. Links between them go by the last part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TITLES = {
    "plan": "Plan the run",
    "validate": "Check the data",
    "preprocess": "Prepare and split",
    "train": "Train and score",
    "evaluate": "Rank and judge",
    "promote": "Promote the champion",
    "promote-2": "Record the refusal",
}
"""Keys of our tasks in the compiled pipeline, in the order of a run, and what the graph calls them."""
_DRIVER, _POD = "-driver", "executor"
_ATTEMPT = re.compile(r"\(\d+\)$")
_ITERATION = re.compile(r"\((\d+):")
_OVER = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})


@dataclass(frozen=True)
class Task:
    """One task of a run."""

    title: str
    """As the graph has it; a training with its model, where the host says which iteration it is."""
    state: str
    message: str
    """What the host says of it."""
    pod: str
    """The pod whose log tells more; empty where the host does not name it."""


@dataclass(frozen=True)
class _Node:
    name: str
    """Without the number of the attempt."""
    shown: str
    state: str
    message: str
    pod: str
    children: tuple[str, ...]

    @property
    def mark(self) -> str:
        return _mark(self.pod)


def tasks_among(details: Sequence[Any], models: Sequence[str]) -> tuple[Task, ...]:
    """Our tasks, in the order of a run.

    Args:
        details: what the API calls the details of a run's tasks.
        models: the models that the run trains, in the order of its iterations.
    """
    nodes = [_node(one) for one in details if one.display_name]
    by_mark = {node.mark: node for node in nodes if node.mark}
    above = {_mark(child): node for node in nodes for child in node.children}
    found: dict[tuple[int, int], Task] = {}
    order = {key: place for place, key in enumerate(TITLES)}
    for number, node in enumerate(nodes):
        key = node.name.removesuffix(_DRIVER)
        if key not in TITLES:
            continue
        iteration = _iteration(node, above) if key == "train" else 0
        place = (order[key], iteration if iteration >= 0 else len(models) + number)
        task = _task(node, _title(key, iteration, models), by_mark)
        # A driver stands for its task only until that exists, or where it keeps it from existing.
        if node.name.endswith(_DRIVER) and (place in found or task.state == "SUCCEEDED"):
            continue
        if place not in found or _says_more(task, found[place]):
            found[place] = task
    return tuple(found[place] for place in sorted(found))


def _task(node: _Node, title: str, by_mark: Mapping[str, _Node]) -> Task:
    """What its pod says goes before what the graph around it says: that is running while the pod waits."""
    pods = [one for one in _below(node, by_mark) if one.name == _POD and one.pod]
    pod = pods[-1] if pods else node
    waits = pod.state == "PENDING" and node.state not in _OVER
    return Task(title, pod.state if waits else node.state, pod.message or node.message, pod.pod)


def _below(node: _Node, by_mark: Mapping[str, _Node]) -> Iterator[_Node]:
    for child in node.children:
        if found := by_mark.get(_mark(child)):
            yield found
            yield from _below(found, by_mark)


def _says_more(task: Task, other: Task) -> bool:
    return (bool(task.pod), bool(task.message)) > (bool(other.pod), bool(other.message))


def _title(key: str, iteration: int, models: Sequence[str]) -> str:
    if key == "train" and 0 <= iteration < len(models):
        return f"{TITLES[key]} {models[iteration]}"
    return TITLES[key]


def _iteration(node: _Node, above: Mapping[str, _Node]) -> int:
    """Number of the iteration that a node is in; -1 where the host does not link them."""
    seen: set[str] = set()
    while node.mark and node.mark not in seen:
        seen.add(node.mark)
        if number := _ITERATION.search(node.shown):
            return int(number[1])
        if node.mark not in above:
            break
        node = above[node.mark]
    return -1


def _node(detail: Any) -> _Node:  # noqa: ANN401  of Kubeflow's client
    shown = str(detail.display_name)
    return _Node(
        name=_ATTEMPT.sub("", shown),
        shown=shown,
        state=str(detail.state or "PENDING"),
        message=str(detail.error.message or "") if detail.error else "",
        pod=str(detail.pod_name or ""),
        children=tuple(str(child.pod_name) for child in detail.child_tasks or [] if child.pod_name),
    )


def _mark(name: str) -> str:
    """What a pod's name and its node's have in common."""
    return name.rpartition("-")[2]
