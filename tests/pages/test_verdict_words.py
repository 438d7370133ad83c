"""A verdict in words: singular and plural, and what is said where there is nothing to say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Check, Verdict
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.pages.verdict_words import (
    availability_cells,
    availability_rows,
    availability_text,
    champion_text,
    not_trained_text,
    optimism_text,
    refusal_reasons,
    unserved_lines,
    verdict_text,
)
from cbvsynth.signature import RESEARCH_NOTE
from tests.domain.selection.tables import EVIDENCE, champion, constant_mean, steady


def verdict(*models: tuple[str, float], present: object = None) -> Verdict:
    scored = [steady(name, ssim) for name, ssim in models]
    settings = GateSettings(bootstrap_samples=100)
    return evaluate_sweep(scored, constant_mean(0.5), present, settings, EVIDENCE).verdict


def test_the_verdict_ends_with_what_to_bear_in_mind():
    text = verdict_text(verdict(("encdec-t1", 0.9), ("encdec-t2", 0.8)))
    assert "Candidate encdec-t1:\n  ✓ enough-examinations" in text
    assert "The best of 2 models was chosen on the same 12 examinations" in text
    assert text.endswith(RESEARCH_NOTE)


def test_of_one_model_nothing_was_selected():
    assert optimism_text(verdict(("encdec-t1", 0.9))) == "One model only: nothing was selected."


def test_a_model_serves_every_pattern_that_holds_its_sequences_and_verbs_agree():
    one = verdict(("encdec-t1", 0.9))
    assert availability_text(one).startswith("By available sequences: 1 model serves 16 of the 31 patterns.")
    assert "For 15 patterns no model of this sweep passes" in availability_text(one)
    two = verdict(("encdec-t1", 0.9), ("encdec-t2", 0.8))
    assert "2 models serve 24 of the 31 patterns." in availability_text(two)
    assert len(availability_rows(one)) == 31
    assert sum(model is None for _, model in availability_rows(one)) == 15


def test_a_pattern_without_a_champion_is_told_why():
    """It used to say "none passes" of patterns without any model and of those whose models failed alike."""
    found = verdict(("encdec-t1-t1c", 0.9), ("encdec-t1", 0.4), ("fcgan-t1", 0.3))
    failed = ", ".join(found.failed_guards["encdec-t1"])
    assert "beats-constant-mean-ssim" in failed
    cells = dict(availability_cells(found))
    assert cells["T1 + T1C"] == "Encoder-decoder, MAE: T1 + T1C"
    assert cells["T1"] == f"none: encdec-t1 fails {len(found.failed_guards['encdec-t1'])} guards"
    assert cells["T2"] == "none: each model of this sweep needs another sequence"
    lines = unserved_lines(found)
    assert len(lines) == 2
    assert lines[0].startswith("t1, t1-t2, t1-flair, ")
    assert lines[0].endswith(f": encdec-t1 fails {failed}; 1 more model failed, too")
    assert lines[1].startswith("t2, t1c, flair, adc, t2-t1c, ")
    assert f"  {lines[0]}" in verdict_text(found)
    named = [slug for line in lines for slug in line.partition(": ")[0].split(", ")]
    assert len(named) == len(set(named)) == 31 - 8


def test_nothing_is_told_of_patterns_where_each_has_its_champion():
    found = verdict(*((f"encdec-{name}", 0.9) for name in ("t1", "t2", "t1c", "flair", "adc")))
    assert unserved_lines(found) == []


def test_a_refused_model_is_told_with_the_limits_that_it_fails():
    refused = verdict(("encdec-t1", 0.4))
    assert "beats-constant-mean-ssim 0.4, limit 0.5" in refusal_reasons(refused.refused[0])
    assert "Refused although best by SSIM:\n  1. encdec-t1: " in verdict_text(refused)


def test_a_measure_that_fails_by_its_interval_is_told_with_it():
    """It used to read "lesion-slope 0.5261, limit 0.5", as if that failed."""
    refused = verdict(("encdec-t1", 0.4)).refused[0]
    check = Check("lesion-slope", False, 0.5261, 0.5, "", low=0.4419, high=0.603)
    told = refusal_reasons(replace(refused, checks=(check,)))
    assert told == "lesion-slope 0.5261 (0.4419 to 0.603), limit 0.5"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({}, ""),
        ({"a": "x"}, "1 of the 4 models of this sweep could not be trained"),
        ({"a": "x", "b": "y"}, "2 of the 5 models of this sweep could not be trained"),
    ],
)
def test_models_that_could_not_be_trained_are_counted(missing: dict[str, str], words: str):
    text = not_trained_text(missing, 3)
    assert text.startswith(words)
    assert bool(text) == bool(missing)


def test_the_present_champion_is_compared_in_a_sentence_or_said_not_to_be():
    assert champion_text(verdict(("encdec-t1", 0.9))) == "There is no present champion."
    held = champion("encdec-t2", [0.8] * 12)
    compared = verdict(("encdec-t1", 0.9), present=held)
    assert champion_text(compared).startswith(
        "Present champion: version 3 (encdec-t2). Candidate minus champion over 12 patients: +10.00 points"
    )
    other = replace(compared, champion=replace(compared.champion, p_value=None))
    assert champion_text(other) == "Present champion: version 3 (encdec-t2); no numbers were compared."


def test_nothing_is_not_told_as_less_than_nothing():
    """It read "too high by about -0.00 points"."""
    told = optimism_text(replace(verdict(("encdec-t1", 0.4), ("encdec-t1-t1c", 0.3)), optimism=-1e-6))
    assert "too high by about 0.00 points" in told
