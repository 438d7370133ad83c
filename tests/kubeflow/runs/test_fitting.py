"""What a step would refuse is refused before anything is sent or started."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.runs.fitting import complete, mounts_of, require_fitting
from cbvsynth.kubeflow.runs.parameters import arguments_from_text, parameters_of
from tests.kubeflow.checkout import COMMITTED

SPEC = read_package(COMMITTED)
KNOWN = parameters_of(SPEC)


def check(*arguments: str) -> None:
    require_fitting(complete(arguments_from_text(arguments, KNOWN), KNOWN), mounts_of(SPEC))


def test_the_defaults_fit() -> None:
    check()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("epochs=0", "epochs is 0; expected 1 to 1000000. Change the argument; nothing was started."),
        ("split_by=both", "split_by is 'both'; expected one of patient, examination"),
        ("workspace=/elsewhere", "workspace is '/elsewhere'; expected /workspace or a folder below it"),
        ("data=/mnt", "data is '/mnt'; expected /data or a folder below it"),
    ],
)
def test_a_value_that_a_step_would_refuse_is_refused(argument: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(argument)
    assert message in str(caught.value)


def test_on_this_machine_the_uploaded_package_takes_any_folder() -> None:
    values = complete({"data": "data", "workspace": "artifacts/kubeflow"}, KNOWN)
    require_fitting(values, {})
    with pytest.raises(UsageError, match="2 arguments do not fit"):
        require_fitting(values, mounts_of(SPEC))


def test_all_mistakes_are_told_at_once() -> None:
    """The first one was told, and the next after the next attempt."""
    with pytest.raises(UsageError, match="3 arguments do not fit; nothing was started") as caught:
        check("epochs=0", "split_by=both", "select_by=mse")
    for name in ("epochs is 0", "split_by is 'both'", "select_by is 'mse'"):
        assert f"- {name}" in str(caught.value)


def test_every_parameter_has_a_value_where_few_were_given() -> None:
    values = complete({"epochs": 3}, KNOWN)
    assert set(values) == set(KNOWN)
    assert (values["epochs"], values["models"]) == (3, ["all"])
