"""What people see of the package in Kubeflow's UI: fields, choices, titles, names of iterations."""

from __future__ import annotations

from cbvsynth.config import STEPS
from cbvsynth.kubeflow.definition.form import with_form
from cbvsynth.kubeflow.definition.settings import choice_of, pipeline_name, settings_of
from tests.kubeflow.checkout import COMMITTED, documents

SPEC = documents(COMMITTED)[0]
FIELDS = SPEC["root"]["inputDefinitions"]["parameters"]


def test_the_form_goes_through_a_run_in_order() -> None:
    """Kubeflow sorts by the bytes of names and shows nothing else: fields were in alphabetical order."""
    shown = sorted(FIELDS, key=str.encode)
    sections = list(dict.fromkeys(name.partition(": ")[0] for name in shown))
    assert sections == ["1. Run", "2. Check", "3. Prepare", "4. Train", "5. Judge"]
    assert shown[0] == "1. Run: data"


def test_a_closed_list_is_a_drop_down_with_its_default_among_the_choices() -> None:
    """Any text could be typed, and a wrong word cost an hour; the API now refuses it before any pod."""
    listed = {name: entry["literals"] for name, entry in FIELDS.items() if "literals" in entry}
    assert len(listed) >= 11
    assert listed["4. Train: decoder"] == ["deconvolution", "upsample"]
    assert listed["1. Run: keep_going"] == ["off", "on"]
    assert listed["5. Judge: select_by"][0] == "ssim_3d_whole"
    for name, words in listed.items():
        assert FIELDS[name]["defaultValue"] in words, name
        assert FIELDS[name]["parameterType"] == "STRING", "lists have no drop-down"


def test_every_enumeration_of_a_step_is_a_drop_down() -> None:
    for step in STEPS:
        for setting in settings_of(step):
            if setting.choice:
                assert choice_of(pipeline_name(step, setting.name)) == setting.choice


def test_the_graph_has_titles_and_iterations_are_named_after_what_they_train() -> None:
    """They were `condition-branches-2` and `for-loop-1.0` to `for-loop-1.61`."""
    tasks = SPEC["root"]["dag"]["tasks"]
    assert "parameterIterator" in tasks["model"]
    assert tasks["evaluate"]["dependentTasks"] == ["model"]
    assert (
        tasks["evaluate"]["inputs"]["parameters"]["results"]["taskOutputParameter"]["producerTask"] == "model"
    )
    graphs = (SPEC["root"], *SPEC["components"].values())
    titles = [
        task["taskInfo"]["name"]
        for graph in graphs
        for task in graph.get("dag", {}).get("tasks", {}).values()
    ]
    assert sorted(titles) == [
        "Check the data",
        "Does the gate open?",
        "Every model",
        "Plan the run",
        "Prepare and split",
        "Promote the champion",
        "Rank and judge",
        "Record the refusal",
        "The gate is closed",
        "The gate is open",
        "Train and score",
    ]


def test_a_specification_is_not_changed_in_place() -> None:
    spec = {
        "root": {
            "dag": {"tasks": {"for-loop-1": {"parameterIterator": {}, "taskInfo": {"name": "every-model"}}}},
            "inputDefinitions": {"parameters": {"epochs": {"parameterType": "NUMBER_INTEGER"}}},
        },
        "components": {},
    }
    formed = with_form(spec)
    assert list(formed["root"]["dag"]["tasks"]) == ["model"]
    assert list(formed["root"]["inputDefinitions"]["parameters"]) == ["4. Train: epochs"]
    assert list(spec["root"]["dag"]["tasks"]) == ["for-loop-1"]
    assert spec["root"]["dag"]["tasks"]["for-loop-1"]["taskInfo"]["name"] == "every-model"
