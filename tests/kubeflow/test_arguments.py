"""Everything that is wrong with the arguments of a run, in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT, missing_limits, mistakes
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.runs.parameters import parameters_of
from tests.kubeflow.checkout import COMMITTED

DEFAULTS: dict[str, Any] = {
    name: parameter.default for name, parameter in parameters_of(read_package(COMMITTED)).items()
}
MOUNTS = {DATA_MOUNT: "/data", WORKSPACE_MOUNT: "/workspace"}


def test_the_defaults_of_the_package_are_right() -> None:
    assert mistakes(DEFAULTS, MOUNTS) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"keep_going": "true"}, "keep_going is 'true'; expected one of off, on"),
        ({"models": []}, "The sweep is empty"),
        ({"models": ["encdec-t9"]}, "'t9' is not a combination"),
        ({"alpha": 1.0}, "alpha is 1.0; expected"),
        ({"required_baselines": ["zero"]}, "required_baselines is 'zero'; expected one of"),
        ({"max_dropped_share": 2.0}, "max_dropped_share is 2.0; expected 0 to 1"),
        ({"seed": -1}, "seed is -1; expected 0 to"),
        ({"split_seed": -1}, "split_seed is -1; expected 0 to"),
        ({"bootstrap_seed": -1}, "bootstrap_seed is -1; expected 0 to"),
        ({"registered_name": "a/b:c"}, "registered_name is 'a/b:c'; expected letters"),
        ({"registered_name": ""}, "registered_name is empty"),
        ({"layout": ""}, "layout is empty"),
        ({"margin": None}, "margin is empty"),
        ({"decoder": "magic"}, "decoder is 'magic'; expected one of"),
        ({"workspace": "/elsewhere"}, "workspace is '/elsewhere'; expected /workspace"),
        ({"workspace": "/workspace/../etc"}, "expected /workspace"),
        ({"workspace": "/workspaces"}, "expected /workspace"),
        ({"epochs": "fifty"}, "epochs is 'fifty'; expected a whole number"),
    ],
)
def test_a_value_that_a_step_would_refuse_is_found_once_and_by_its_name(
    changed: dict[str, Any], message: str
) -> None:
    """Most of these passed, and ended a run after an hour, or after all trainings."""
    (found,) = mistakes({**DEFAULTS, **changed}, MOUNTS)
    assert message in found
    assert "flag" not in found, "whoever reads this has a form before them"


def test_one_mistake_does_not_hide_another_of_the_same_step() -> None:
    found = mistakes({**DEFAULTS, "epochs": 0, "decoder": "magic", "cbv_max": -1.0}, MOUNTS)
    assert [line.split(" ")[0] for line in found] == ["epochs", "decoder", "cbv_max"]


def test_without_volumes_any_folder_will_do() -> None:
    assert mistakes({**DEFAULTS, "data": "data", "workspace": "artifacts/kubeflow"}, {}) == []


def test_limits_are_of_the_image_or_where_they_can_be_seen(tmp_path: Path) -> None:
    assert missing_limits("limits.yaml", "/data") == []
    assert missing_limits("/data/study/limits.yaml", "/data") == []
    (found,) = missing_limits("nope.yaml", "/data")
    assert found.startswith("limits is 'nope.yaml', which is no file here; expected limits.yaml of the image")
    (tmp_path / "strict.yaml").write_text("{}")
    assert missing_limits(str(tmp_path / "strict.yaml"), "") == []
