"""Arguments get the pipeline's names and types, or a sentence that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.runs.parameters import arguments_from_params, arguments_from_text, parameters_of
from tests.kubeflow.checkout import COMMITTED, ROOT

KNOWN = parameters_of(read_package(COMMITTED))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("epochs=50", 50),
        ("epochs=50.0", 50),
        ("learning_rate=1e-3", 0.001),
        ("margin=0", 0.0),
        ("models=encdec-*, fcgan-t1c", ["encdec-*", "fcgan-t1c"]),
        ('models=["all"]', ["all"]),
        ("required_baselines=[]", []),
        ("data=/data/a=b", "/data/a=b"),
        (" keep_going = on ", "on"),
        ("4. Train: epochs=50", 50),
    ],
)
def test_text_becomes_a_value_of_the_parameters_type(text: str, value: object) -> None:
    ((name, found),) = arguments_from_text([text], KNOWN).items()
    assert found == value
    assert type(found) is type(value)
    assert name in KNOWN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs", "'epochs' is not an argument; expected name=value"),
        ("epoch=5", "has no parameter 'epoch'. Did you mean 'epochs'?"),
        ("zzz=5", "has no parameter 'zzz'. It has adversarial_weight, alpha,"),
        ("epochs=many", "epochs is 'many'; expected a whole number"),
        ("epochs=1.5", "epochs is '1.5'; expected a whole number"),
        ("epochs=inf", "epochs is 'inf'; expected a whole number"),
        ("alpha=", "alpha is ''; expected a number"),
        ("alpha=nan", "alpha is 'nan'; expected a number"),
        ("data=", "data is ''; expected text"),
        ("models=", "models is ''; expected a list"),
        ("models=[1", "models is '[1'; expected a list"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        arguments_from_text([text], KNOWN)
    assert message in str(caught.value)


def test_our_params_yaml_gives_every_setting_and_the_sweep() -> None:
    arguments = arguments_from_params(ROOT / "params.yaml", KNOWN)
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert set(KNOWN) - set(arguments) == {"data", "limits", "workspace", "keep_going"}
    assert arguments["models"] == content["sweep"]["models"]
    assert arguments["split_seed"] == content["preprocess"]["seed"]
    assert arguments["seed"] == content["train"]["seed"]
    assert arguments["bootstrap_seed"] == content["evaluate"]["seed"]
    assert arguments["prepare_workers"] == content["preprocess"]["workers"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("evaluate: {registered_name: a}\npromote: {registered_name: b}\n", "one parameter for both"),
        ("train: {epoch: 3}\n", "Did you mean 'epochs'"),
        ("train: {tensorboard: off}\n", "tensorboard is 'False'; expected text"),
        ("train: 3\n", "is not a file of parameters"),
        ("{", "is not a file of parameters"),
        ("", "is not a file of parameters"),
    ],
)
def test_a_wrong_file_of_parameters_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        arguments_from_params(path, KNOWN)


def test_a_missing_file_of_parameters_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml does not exist"):
        arguments_from_params(tmp_path / "none.yaml", KNOWN)
