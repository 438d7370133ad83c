"""Limits: the committed file and its defaults agree, and a wrong file is refused in clear words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from cbvsynth.errors import UsageError
from cbvsynth.quality.limits import Limits, read_limits

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
    path.write_text("t1_snr_min: 12.5\n", encoding="utf-8")

    assert read_limits(path) == Limits(t1_snr_min=12.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t1_snr: 8\n", "'t1_snr' is not a limit"),
        ("t1_snr_min: high\n", "t1_snr_min is 'high'"),
        ("t1_snr_min: true\n", "t1_snr_min is 'True'"),
        ("t1_snr_min: .nan\n", "t1_snr_min is 'nan'"),
        ("t1_snr_min: .inf\n", "t1_snr_min is 'inf'"),
        ("t1_snr_min:\n", "t1_snr_min is 'None'"),
        ("t1_snr_min: 8\nt1_snr_min: 9\n", "stands twice"),
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
