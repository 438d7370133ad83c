"""What people see of the compiled pipeline: the run form's fields, the graph's titles, iterations' names.

Kubeflow's compiler takes a parameter's name from Python and knows no closed lists, no titles of loops and
conditions, and no key of a loop; the format that it writes has them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cbvsynth.kubeflow.definition.settings import choice_of, form_name

LOOP = "model"
"""Key of the loop: the graph calls its iterations model.0, model.1 and so on."""

_TITLES = {
    "every-model": "Every model",
    "condition-branches-2": "Does the gate open?",
    "gate-open": "The gate is open",
    "gate-closed": "The gate is closed",
}
"""What the graph shows of loop and conditions, by what the compiler calls them; about 20 letters fit."""


def with_form(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A compiled specification with names, choices and titles for people."""
    done = dict(_renamed(spec, _loops(spec)))
    root = done["root"]
    for task in root["dag"]["tasks"].values():
        for source in task.get("inputs", {}).get("parameters", {}).values():
            if "componentInputParameter" in source:
                source["componentInputParameter"] = form_name(source["componentInputParameter"])
    parameters = root["inputDefinitions"]["parameters"]
    root["inputDefinitions"]["parameters"] = {
        form_name(name): {**entry, **({"literals": list(words)} if (words := choice_of(name)) else {})}
        for name, entry in parameters.items()
    }
    for task in _tasks(done):
        task["taskInfo"]["name"] = _TITLES.get(task["taskInfo"]["name"], task["taskInfo"]["name"])
    return done


def _loops(spec: Mapping[str, Any]) -> dict[str, str]:
    """The key of the pipeline's one loop, and what it is to be."""
    loops = [name for name, task in spec["root"]["dag"]["tasks"].items() if "parameterIterator" in task]
    assert len(loops) == 1, f"{len(loops)} loops; one gives its iterations their name"
    return {loops[0]: LOOP}


def _renamed(spec: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The specification with other keys of tasks, wherever a task is named."""

    def visit(place: Any, key: str) -> Any:  # noqa: ANN401  whatever YAML holds
        if isinstance(place, dict):
            if key == "tasks":
                return {names.get(name, name): visit(task, name) for name, task in place.items()}
            return {name: visit(value, name) for name, value in place.items()}
        if isinstance(place, list):
            return [names.get(one, one) if key == "dependentTasks" else visit(one, "") for one in place]
        return names.get(place, place) if key in ("producerTask", "producerSubtask") else place

    visited: dict[str, Any] = visit(dict(spec), "")
    return visited


def _tasks(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for graph in (spec["root"], *spec["components"].values()):
        yield from graph.get("dag", {}).get("tasks", {}).values()
