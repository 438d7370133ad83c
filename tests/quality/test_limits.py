"""Limits: the committed file and its defaults agree, and a wrong file is refused in clear words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from cbvsynth.errors import UsageError
from cbvsynth.quality.limits import SCANNER_LIMITS, Limits, read_limits

COMMITTED = Path(__file__).parents[2] / "limits.yaml"


def test_the_committed_file_names_every_limit_with_its_default_value() -> None:
    assert yaml.safe_load(COMMITTED.read_text(encoding="utf-8")) == asdict(Limits())


def test_every_limit_of_the_committed_file_is_explained() -> None:
    lines = COMMITTED.read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if line and not line.startswith("#")]
    unexplained = [
        lines[number] for number in keys if not lines[number - 1].startswith("#") and number - 1 not in keys
    ]
    assert keys
    assert unexplained == []


def test_a_laboratory_changes_one_limit_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text("snr_min: 12.5\n", encoding="utf-8")

    assert read_limits(path).limits == Limits(snr_min=12.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("snr: 8\n", "'snr' is not a limit"),
        ("snr_min: high\n", "snr_min is 'high'"),
        ("snr_min: true\n", "snr_min is 'True'"),
        ("snr_min: .nan\n", "snr_min is 'nan'"),
        ("snr_min: .inf\n", "snr_min is 'inf'"),
        ("snr_min:\n", "snr_min is 'None'"),
        ("snr_min: 8\nsnr_min: 9\n", "stands twice"),
        ("- 8\n", "holds list"),
        ("", "holds NoneType"),
        ("a: [1\n", "not readable as YAML"),
        ("a: !!python/object/apply:os.getcwd []\n", "not readable as YAML"),
        ("adc_median_min: 2000\n", "adc_median_min 2000 above adc_median_max 1500"),
    ],
)
def test_a_wrong_file_is_refused_in_clear_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=words.replace("'", ".")):
        read_limits(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="not readable as YAML"):
        read_limits(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; name the file of limits with --limits"):
        read_limits(tmp_path / "none.yaml")


def test_defaults_of_the_scanner_are_named_until_they_are_learned_or_set(tmp_path: Path) -> None:
    """Nothing said that a laboratory's images were judged by what a phantom had measured."""
    path = tmp_path / "limits.yaml"
    path.write_text("matrix_min: 64\n", encoding="utf-8")
    assert read_limits(path).still_default() == SCANNER_LIMITS
    (sentence,) = read_limits(path).sentences()
    assert "still the defaults" in sentence
    assert "snr_min" in sentence

    path.write_text("snr_min: 9\n", encoding="utf-8")
    assert "snr_min" not in read_limits(path).still_default()


@pytest.mark.parametrize(
    "learned",
    [
        "learned: 3\n",
        "learned: {limits: [snr_min], examinations: 12, study: abc}\n",
        "learned: {limits: [snr_min], examinations: many, study: abc, date: '2026-01-31'}\n",
        "learned: {limits: [matrix_min], examinations: 12, study: abc, date: '2026-01-31'}\n",
    ],
)
def test_learned_limits_of_unknown_origin_are_refused(tmp_path: Path, learned: str) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(learned, encoding="utf-8")

    with pytest.raises(UsageError, match="does not say where limits come from"):
        read_limits(path)
