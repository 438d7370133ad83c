"""Limits of the gate that are none are refused at once."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cbvsynth.domain.selection.settings import _DIRECTIONS, GateSettings, looser_limits
from cbvsynth.errors import UsageError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("select_by", "psnr_brain"),
        ("min_examinations", 1),
        ("max_lesion_bias", 0.0),
        ("max_lesion_bias", float("nan")),
        ("margin", -0.001),
        ("margin", 1.0),
        ("alpha", 0.0),
        ("alpha", 1.0),
        ("bootstrap_samples", 99),
    ],
)
def test_a_setting_out_of_range_is_named_with_what_was_found(setting: str, value: object):
    with pytest.raises(UsageError, match=f"{setting} is '?{value}"):
        GateSettings(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"), [("min_examinations", 2), ("margin", 0.0), ("bootstrap_samples", 100)]
)
def test_the_last_value_in_range_is_taken(setting: str, value: object):
    assert getattr(GateSettings(**{setting: value}), setting) == value


def test_a_diagnosis_is_of_high_or_of_low_perfusion():
    with pytest.raises(UsageError, match="'lymphoma' is in high_perfusion and in low_perfusion"):
        GateSettings(high_perfusion=("lymphoma",))


@pytest.mark.parametrize(
    ("looser", "stricter"),
    [
        ({"max_lesion_bias": 1.1}, {"max_lesion_bias": 0.9}),
        ({"min_examinations": 9}, {"min_examinations": 11}),
        ({"min_lesion_slope": 0.4}, {"min_lesion_slope": 0.6}),
        ({"min_diagnosis_patients": 100}, {"min_diagnosis_patients": 2}),
        ({"alpha": 0.4}, {"alpha": 0.01}),
        ({"required_baselines": ("constant-mean",)}, {}),
        ({"high_perfusion": ()}, {"high_perfusion": ("Glioblastom",)}),
    ],
)
def test_a_limit_is_looser_in_one_direction_only(looser: dict, stricter: dict):
    assert len(looser_limits(GateSettings(**looser), GateSettings())) == 1
    assert looser_limits(GateSettings(**stricter), GateSettings()) == ()


def test_every_limit_has_a_direction():
    """A limit that is added without one could be loosened silently."""
    no_limits = {"select_by", "lesion_threshold", "bootstrap_samples", "seed"}
    named_apart = {"required_baselines", "high_perfusion", "low_perfusion"}
    assert {field.name for field in fields(GateSettings)} == {*_DIRECTIONS, *no_limits, *named_apart}
