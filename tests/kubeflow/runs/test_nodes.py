"""Our tasks among the nodes of a workflow, as Kubeflow 2.17 lists them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from cbvsynth.kubeflow.runs.nodes import TITLES, Task, tasks_among
from tests.kubeflow.checkout import COMMITTED, documents
from tests.kubeflow.kubeflow_stub import node, nodes_of_task

MODELS = ("encdec-t1", "fcgan-t1c")


def as_objects(nodes: list[dict]) -> list[Any]:
    """As Kubeflow's client hands them over: attributes, and None where there is nothing."""
    empty = dict.fromkeys(("pod_name", "child_tasks", "error", "state"))
    return [json.loads(json.dumps({**empty, **one}), object_hook=lambda d: _Object(**d)) for one in nodes]


class _Object(SimpleNamespace):
    def __getattr__(self, name: str) -> None:
        return None


def tasks(*nodes: dict) -> tuple[Task, ...]:
    return tasks_among(as_objects(list(nodes)), MODELS)


def loop(*states: str) -> list[dict]:
    """The nodes of the loop with a training for each state."""
    marks = [f"9{number}" for number in range(len(states))]
    return [
        node("model", "RUNNING", "800", "801", "802"),
        node("iteration-driver", "SUCCEEDED", "801"),
        node("iteration-iterations", "RUNNING", "802", *(f"81{mark}" for mark in marks)),
        *(
            one
            for number, (mark, state) in enumerate(zip(marks, states, strict=True))
            for one in (
                node(f"iteration-iterations({number}:{number})", state, f"81{mark}", f"82{mark}"),
                node("iteration-item", state, f"82{mark}", f"{mark}1", f"{mark}2"),
                *nodes_of_task("train", state, mark),
            )
        ),
    ]


def test_titles_are_those_of_the_package() -> None:
    spec = documents(COMMITTED)[0]
    graphs = (spec["root"], *spec["components"].values())
    packed = {
        name: task["taskInfo"]["name"]
        for graph in graphs
        for name, task in graph.get("dag", {}).get("tasks", {}).items()
        if "executorLabel" in spec["components"][task["componentRef"]["name"]]
    }
    assert packed == TITLES


def test_a_task_is_one_line_however_many_nodes_it_has() -> None:
    """`validate(0)`, `executor(0)`, `plan-driver`: all nodes were listed and counted, our titles were not."""
    found = tasks(
        node("root-driver", "SUCCEEDED", "1"),
        node("root", "RUNNING", "2"),
        *nodes_of_task("validate", "RUNNING", "30"),
        *nodes_of_task("plan", "SUCCEEDED", "20"),
    )
    assert [(one.title, one.state) for one in found] == [
        ("Plan the run", "SUCCEEDED"),
        ("Check the data", "RUNNING"),
    ]
    assert found[0].pod == "cbv-synthesis-x-system-container-impl-205"


def test_trainings_are_told_apart_by_their_models() -> None:
    found = tasks(*loop("SUCCEEDED", "FAILED"))
    assert [(one.title, one.state) for one in found] == [
        ("Train and score encdec-t1", "SUCCEEDED"),
        ("Train and score fcgan-t1c", "FAILED"),
    ]


def test_a_pod_that_waits_is_pending_although_the_graph_around_it_runs() -> None:
    (found,) = tasks(*nodes_of_task("plan", "RUNNING", "20", pod_state="PENDING", message="Insufficient cpu"))
    assert found == Task(
        "Plan the run", "PENDING", "Insufficient cpu", "cbv-synthesis-x-system-container-impl-205"
    )


def test_a_driver_stands_for_a_task_that_it_kept_from_existing() -> None:
    (found,) = tasks(node("evaluate-driver", "FAILED", "1", message="value and valueFrom"))
    assert (found.title, found.state, found.message) == ("Rank and judge", "FAILED", "value and valueFrom")
    assert tasks(node("evaluate-driver", "SUCCEEDED", "1")) == ()


def test_without_links_trainings_are_still_listed_one_by_one() -> None:
    bare = [{key: one[key] for key in ("display_name", "state")} for one in loop("RUNNING", "FAILED")]
    found = tasks(*(one for one in bare if not one["display_name"].endswith("(0)")))
    assert [(one.title, one.state) for one in found] == [
        ("Train and score", "RUNNING"),
        ("Train and score", "FAILED"),
    ]
