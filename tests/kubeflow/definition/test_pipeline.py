"""The pipeline's wiring is the same everywhere, and its parameters are the steps' settings."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.kubeflow.definition.settings import pipeline_settings
from tests.kubeflow.checkout import COMMITTED, documents


def test_one_loop_holds_every_model() -> None:
    spec = documents(COMMITTED)[0]
    loops = [task for task in spec["root"]["dag"]["tasks"].values() if "parameterIterator" in task]
    assert len(loops) == 1
    assert spec["root"]["inputDefinitions"]["parameters"]["models"]["defaultValue"] == ["all"]


def test_profiles_differ_in_place_only(packages: dict[str, Path]) -> None:
    def wiring(name: str) -> dict:
        spec = documents(packages[name])[0]
        for executor in spec["deploymentSpec"]["executors"].values():
            executor["container"].pop("resources", None)
        for task in spec["root"]["dag"]["tasks"].values():
            task.pop("iteratorPolicy", None)
        for parameter in ("data", "workspace"):
            spec["root"]["inputDefinitions"]["parameters"][parameter].pop("defaultValue")
        return spec

    assert wiring("local") == wiring("cluster-gpu") == wiring("cluster-cpu")


def test_a_setting_keeps_its_type_default_and_sentence_on_the_way_into_the_package() -> None:
    parameters = documents(COMMITTED)[0]["root"]["inputDefinitions"]["parameters"]
    kinds = {str: "STRING", int: "NUMBER_INTEGER", float: "NUMBER_DOUBLE"}
    for setting in pipeline_settings():
        entry = parameters[setting.name]
        assert entry["defaultValue"] == setting.parameter.default
        assert entry["description"] == setting.description
        assert entry["parameterType"] == kinds.get(setting.parameter.annotation, "LIST")
