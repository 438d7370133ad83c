"""Which settings decide a model, and which do not."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import FlowSolver, Precision, Spread, Switch, UpdateRule
from cbvsynth.domain.sequences import ModelId
from cbvsynth.training.fingerprint import export_settings_of, fingerprint_of, settings_of

CONFIG = TrainConfig(model="fcgan-t1-t2")
GAN, ENCDEC = ModelId.parse("fcgan-t1-t2"), ModelId.parse("encdec-t1-t2")
WITHOUT_EFFECT = {
    "model": "encdec-t1",
    "examinations": Path("elsewhere"),
    "out": Path("elsewhere"),
    "checkpoints": Path("elsewhere"),
    "epochs": 3,
    "checkpoint_every": 1,
    "max_restarts": 0,
    "example_count": 0,
    "tensorboard": Switch.ON,
}
LATER = {"cooldown": 0.5, "region_weight": 0.5, "stratify": Switch.ON, "spread": Spread.LEARNED}
OF_THE_EXPORT = {"flow_steps": 8, "flow_solver": FlowSolver.HEUN}
FOR_GAN = {"adversarial_weight": 0.3, "feature_weight": 0.3, "update": UpdateRule.ALTERNATING}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_settings_without_effect_on_the_weights_do_not_count(name: str) -> None:
    changed = replace(CONFIG, **{name: WITHOUT_EFFECT[name]})
    assert fingerprint_of(GAN, changed, "data") == fingerprint_of(GAN, CONFIG, "data")


def test_the_number_of_epochs_counts_where_the_rate_falls_towards_the_last_of_them() -> None:
    cooling = replace(CONFIG, cooldown=0.5)
    longer = replace(cooling, epochs=cooling.epochs + 1)
    assert fingerprint_of(GAN, longer, "data") != fingerprint_of(GAN, cooling, "data")


@pytest.mark.parametrize("name", FOR_GAN)
def test_gan_settings_count_for_a_gan_only(name: str) -> None:
    changed = replace(CONFIG, **{name: FOR_GAN[name]})
    assert fingerprint_of(GAN, changed, "data") != fingerprint_of(GAN, CONFIG, "data")
    assert fingerprint_of(ENCDEC, changed, "data") == fingerprint_of(ENCDEC, CONFIG, "data")


@pytest.mark.parametrize("name", LATER)
def test_a_setting_that_came_later_counts_where_it_is_not_off(name: str) -> None:
    """What was trained before there was the setting would have been trained again."""
    changed = replace(CONFIG, **{name: LATER[name]})
    assert name not in settings_of(ENCDEC, CONFIG)
    assert fingerprint_of(ENCDEC, changed, "data") != fingerprint_of(ENCDEC, CONFIG, "data")


def test_a_loss_of_the_whole_segmentation_is_not_that_of_the_measured_region() -> None:
    """Weights that learned the mean of a lesion with its oedema would be taken for the present ones."""
    settings = settings_of(ENCDEC, replace(CONFIG, region_weight=0.5))
    assert settings["region"] == "where lesion CBV is measured"
    assert "region" not in settings_of(ENCDEC, CONFIG)


@pytest.mark.parametrize("name", OF_THE_EXPORT)
def test_how_a_flow_makes_maps_counts_for_its_export_alone(name: str) -> None:
    changed, flow = replace(CONFIG, **{name: OF_THE_EXPORT[name]}), ModelId.parse("flow-t1-t2")
    assert fingerprint_of(flow, changed, "data") == fingerprint_of(flow, CONFIG, "data")
    assert export_settings_of(flow, changed) != export_settings_of(flow, CONFIG)
    assert export_settings_of(GAN, changed) == export_settings_of(ENCDEC, changed) == {}


def test_models_that_share_a_training_differ_in_their_export_alone() -> None:
    one, other = ModelId.parse("any-t1"), ModelId.parse("any-t2-adc")
    assert fingerprint_of(one, CONFIG, "data") == fingerprint_of(other, CONFIG, "data")
    assert export_settings_of(one, CONFIG) != export_settings_of(other, CONFIG)


def test_every_other_setting_counts_a_new_one_too() -> None:
    names = {field.name for field in fields(TrainConfig)} - set(WITHOUT_EFFECT) - set(OF_THE_EXPORT)
    names -= set(LATER)
    assert set(settings_of(GAN, CONFIG)) == names
    assert set(settings_of(ENCDEC, CONFIG)) == names - set(FOR_GAN)
    mixed = replace(CONFIG, precision=Precision.MIXED_BFLOAT16)
    assert fingerprint_of(ENCDEC, mixed, "data") != fingerprint_of(ENCDEC, CONFIG, "data")


def test_the_model_and_the_data_count() -> None:
    found = {
        fingerprint_of(model, CONFIG, data)
        for model in (GAN, ENCDEC, ModelId.parse("fcgan-t1"))
        for data in ("a", "b")
    }
    assert len(found) == 6
