"""The description that travels inside every exported model."""

import json
from dataclasses import replace

import pytest

from cbvsynth.domain.sequences import Combination, ModelId, Sequence, TargetUnit
from cbvsynth.errors import ModelError
from cbvsynth.signature import INPUT_UNITS, RESEARCH_NOTE, Description, input_names, range_of

DESCRIPTION = Description(
    model=ModelId.parse("fcgan-t1-t1c-adc"),
    target_unit=TargetUnit.ML_PER_100G,
    cbv_max=25.0,
    preprocessing_version="1",
    spacing_range_mm=((0.6, 0.7), (0.6, 0.7), (3.0, 5.0)),
    shape_range=((240.0, 256.0), (217.0, 256.0), (20.0, 30.0)),
    data_fingerprint="d" * 64,
    run_fingerprint="r" * 64,
    software="cbvsynth 0.1.0",
)


def test_a_description_survives_the_way_through_json() -> None:
    assert Description.from_json(DESCRIPTION.to_json()) == DESCRIPTION
    assert Description.from_json(DESCRIPTION.to_json().encode()) == DESCRIPTION


def test_the_json_says_what_a_client_needs_in_plain_words() -> None:
    content = json.loads(DESCRIPTION.to_json())
    assert content["sequences"] == ["t1", "t1c", "adc"]
    assert content["algorithm"] == "fcgan"
    assert content["input_units"]["adc"] == "1e-6 mm2/s"
    assert content["target_unit"] == "mL/100g"
    assert content["note"] == RESEARCH_NOTE


def test_keys_of_a_later_version_are_ignored() -> None:
    content = json.loads(DESCRIPTION.to_json()) | {"added_later": 1}
    assert Description.from_json(json.dumps(content)) == DESCRIPTION


def test_another_format_is_refused() -> None:
    content = json.loads(DESCRIPTION.to_json()) | {"format": 2}
    with pytest.raises(ModelError, match="has format 2, expected 1"):
        Description.from_json(json.dumps(content))


def test_a_name_that_contradicts_its_inputs_is_refused() -> None:
    content = json.loads(DESCRIPTION.to_json()) | {"sequences": ["t1c", "t1", "adc"]}
    with pytest.raises(ModelError, match="expected the two to agree"):
        Description.from_json(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', b"\xff"])
def test_what_is_not_a_description_is_refused(text: str | bytes) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Description.from_json(text)


def test_another_preprocessing_version_is_refused() -> None:
    DESCRIPTION.require_preprocessing("1")
    with pytest.raises(ModelError, match="trained on preprocessing version 1, found 2"):
        DESCRIPTION.require_preprocessing("2")


def test_a_volume_like_those_of_training_gives_no_warning() -> None:
    assert DESCRIPTION.outside_training((240, 217, 30), (0.7, 0.6, 5.0)) == ()
    assert DESCRIPTION.outside_training((240, 217, 30), (0.705, 0.6, 5.0)) == ()


def test_each_axis_outside_the_training_range_is_named() -> None:
    assert DESCRIPTION.outside_training((240, 200, 99), (0.7, 0.6, 5.0))[0].startswith(
        "200 voxels along W, 99 voxels"
    )
    assert DESCRIPTION.outside_training((239, 200, 30), (0.7, 0.6, 6.0)) == (
        "200 voxels along W, outside the training range 217-256 voxels",
        "6 mm along D, outside the training range 3-5 mm",
    )


def test_the_axes_of_one_unit_share_a_sentence() -> None:
    """A volume far from those of training had six warnings, in a terminal and below a map on a page."""
    (sentence,) = DESCRIPTION.outside_training((240, 200, 99), (0.7, 0.6, 5.0))
    assert sentence.startswith(
        "200 voxels along W, 99 voxels along D, outside the training range 217-256 voxels, "
    )


def test_the_ranges_are_the_extremes_of_each_axis() -> None:
    assert range_of([(64, 64, 8), (60, 72, 8)]) == ((60, 64), (64, 72), (8, 8))


def test_the_inputs_are_in_channel_order_and_every_sequence_has_a_unit() -> None:
    assert input_names(Combination.parse("adc-t1c-t1")) == ("t1", "t1c", "adc")
    assert set(INPUT_UNITS) == set(Sequence)


def test_two_different_models_do_not_describe_themselves_alike() -> None:
    other = replace(DESCRIPTION, model=ModelId.parse("encdec-t1-t1c-adc"))
    assert other.to_json() != DESCRIPTION.to_json()
