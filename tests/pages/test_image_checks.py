"""What validate decided and measured, as the page of an examination shows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.errors import ResultError
from cbvsynth.pages.image_checks import read_checks


@pytest.fixture
def validate(tmp_path: Path) -> Path:
    (tmp_path / "examinations.csv").write_text(
        "exam_id,subject_id,session_id,status,reasons\ne04,p04,1,accepted,\n"
        "x1,x,1,dropped,wrong unit: median ADC is 0.9\n"
    )
    (tmp_path / "measurements.csv").write_text("exam_id,cbv_support_dice,snr,adc_median\ne04,0.5,,875\n")
    (tmp_path / "summary.json").write_text(json.dumps({"limits": {"cbv_support_dice_min": 0.95}}))
    return tmp_path


def test_a_check_is_passed_flagged_or_not_judged(validate: Path):
    checks = read_checks(validate)
    results = {row[0]: row[1:] for row in checks.rows("e04")}
    assert results["overlap (Dice) of CBV with the brain mask"] == ("0.5", "above 0.95", "flagged")
    noise = "least signal-to-noise ratio of a standard sequence"
    assert results[noise] == ("–", "above 6", "not judged")
    assert results["median ADC in the brain"][::2] == ("875", "passed")
    assert checks.flags("e04") == 1


def test_decisions_are_told_in_words_and_reasons_are_counted(validate: Path):
    checks = read_checks(validate)
    assert checks.decision("e04") == "Accepted by validate."
    assert checks.decision("x1") == "Dropped: wrong unit: median ADC is 0.9."
    assert checks.decision("e99") == "Validate's decision is not at hand."
    assert checks.reasons() == [("wrong unit", 1)]


def test_without_validates_folder_nothing_is_told(tmp_path: Path):
    checks = read_checks(tmp_path / "validate")
    assert (checks.rows("e04"), checks.flags("e04"), checks.reasons()) == ([], 0, [])


@pytest.mark.parametrize("name", ["summary.json", "measurements.csv"])
def test_a_damaged_file_says_what_to_run(validate: Path, name: str):
    (validate / name).unlink()
    with pytest.raises(ResultError, match=r"is not what validate writes .* run validate again"):
        read_checks(validate)
