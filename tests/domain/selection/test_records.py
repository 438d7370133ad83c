"""Limits of the gate that are none are refused at once."""

from __future__ import annotations

import pytest

from cbvsynth.domain.selection.records import Check, GateSettings, Standing
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


def test_a_check_that_could_not_be_assessed_does_not_fail_a_model():
    def standing(*passed: bool):
        checks = tuple(Check("name", one, None, None, "text") for one in passed)
        return Standing(1, "encdec-t1", "digest", 12, 12, 0.8, 0.1, 0, None, None, checks)

    assert standing(True, None).passes
    assert not standing(True, None, False).passes
