"""A field of a step's config, as Kubeflow is told of it."""

from __future__ import annotations

from cbvsynth.config import STEPS
from cbvsynth.kubeflow.definition.settings import pipeline_name, pipeline_settings, settings_of


def test_a_setting_is_a_line_of_a_signature_and_the_fields_own_sentence() -> None:
    train = {setting.name: setting for setting in settings_of("train")}
    assert str(train["epochs"].parameter) == "epochs: int = 500"
    assert train["epochs"].description.startswith("Passes over the training examinations (paper: 500)")
    assert str(train["cbv_max"].parameter) == "cbv_max: float = 25.0"


def test_a_word_is_text_whose_choices_are_named_and_a_tuple_is_a_list() -> None:
    decoder = next(setting for setting in settings_of("train") if setting.name == "decoder")
    assert str(decoder.parameter) == "decoder: str = 'deconvolution'"
    assert decoder.description.endswith(" One of: deconvolution, upsample.")
    required = next(one for one in settings_of("evaluate") if one.name == "required_baselines")
    assert (
        str(required.parameter)
        == "required_baselines: List[str] = ['constant-mean', 'tissue-mean', 'tissue-mean-blind']"
    )


def test_folders_and_what_the_plan_chooses_are_no_settings() -> None:
    assert [setting.name for setting in settings_of("promote")] == ["registered_name"]
    assert not {"model", "models", "out"} & {one.name for step in STEPS for one in settings_of(step)}


def test_every_setting_is_described() -> None:
    for setting in pipeline_settings():
        assert setting.description.endswith("."), setting.name


def test_a_word_that_two_steps_use_for_different_things_has_two_names() -> None:
    assert pipeline_name("preprocess", "seed") == "split_seed"
    assert pipeline_name("train", "seed") == "seed"
    names = [setting.name for setting in pipeline_settings()]
    assert len(names) == len(set(names))
    assert {
        "check_register",
        "register",
        "check_workers",
        "prepare_workers",
        "split_seed",
        "seed",
        "bootstrap_seed",
    } <= set(names)
