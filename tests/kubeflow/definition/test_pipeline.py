"""The pipeline's wiring is the same everywhere, and its parameters are the steps' settings."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.kubeflow.definition.settings import form_name, pipeline_settings
from tests.kubeflow.checkout import COMMITTED, documents


def test_one_loop_holds_every_model() -> None:
    spec = documents(COMMITTED)[0]
    loops = [task for task in spec["root"]["dag"]["tasks"].values() if "parameterIterator" in task]
    assert len(loops) == 1
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    assert parameters["1. Run: models"]["defaultValue"] == ["all"]


def test_profiles_differ_in_place_only(packages: dict[str, Path]) -> None:
    def wiring(name: str) -> dict:
        spec = documents(packages[name])[0]
        for executor in spec["deploymentSpec"]["executors"].values():
            executor["container"].pop("resources", None)
            told = executor["container"].pop("env")
            assert {"name": "TQDM_MININTERVAL", "value": "30"} in told
        for task in spec["root"]["dag"]["tasks"].values():
            task.pop("iteratorPolicy", None)
        for graph in (spec["root"], *spec["components"].values()):
            for task in graph.get("dag", {}).get("tasks", {}).values():
                task.pop("retryPolicy", None)
        for parameter in ("1. Run: data", "1. Run: workspace"):
            spec["root"]["inputDefinitions"]["parameters"][parameter].pop("defaultValue")
        return spec

    assert wiring("local") == wiring("cluster-gpu") == wiring("cluster-cpu")


def test_a_setting_keeps_its_type_default_and_sentence_on_the_way_into_the_package() -> None:
    parameters = documents(COMMITTED)[0]["root"]["inputDefinitions"]["parameters"]
    kinds = {str: "STRING", int: "NUMBER_INTEGER", float: "NUMBER_DOUBLE"}
    for setting in pipeline_settings():
        entry = parameters[form_name(setting.name)]
        assert entry["defaultValue"] == setting.parameter.default
        assert entry["description"] == setting.description
        assert entry["parameterType"] == kinds.get(setting.parameter.annotation, "LIST")


def test_a_task_outside_the_loop_is_tried_again_where_nodes_may_go_away() -> None:
    """One that lost its node ended the whole run. Not the plan, which fails over arguments only."""
    spec = documents(COMMITTED)[0]
    tried = {
        name: task["retryPolicy"]["maxRetryCount"]
        for graph in (spec["root"], *spec["components"].values())
        for name, task in graph.get("dag", {}).get("tasks", {}).items()
        if "retryPolicy" in task
    }
    assert tried == dict.fromkeys(("validate", "preprocess", "evaluate", "promote", "promote-2"), 1)


def test_nothing_starts_before_the_plan_has_seen_every_argument() -> None:
    tasks = documents(COMMITTED)[0]["root"]["dag"]["tasks"]
    assert [name for name, task in tasks.items() if not task.get("dependentTasks")] == ["plan"]


def test_the_description_is_short_enough_for_the_page_of_a_pipeline() -> None:
    """A table of all parameters in it hid the head of the page."""
    assert len(documents(COMMITTED)[0]["pipelineInfo"]["description"]) < 500
