"""What may be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.external.options import ScoreOptions


def test_a_site_is_called_after_its_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert ScoreOptions(tmp_path / "oslo").site_name == "oslo"
    assert ScoreOptions(tmp_path / "oslo", site="bergen-2").site_name == "bergen-2"


@pytest.mark.parametrize("site", ["a b", "../x", ".hidden", "x" * 65])
def test_a_site_without_a_usable_name_is_refused(tmp_path: Path, site: str) -> None:
    with pytest.raises(UsageError, match="as in --site oslo"):
        ScoreOptions(tmp_path, site=site)


def test_a_version_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--version and --label are both given"):
        ScoreOptions(tmp_path, version=1, label="canary")
    with pytest.raises(UsageError, match="version is -1"):
        ScoreOptions(tmp_path, version=-1)


def test_a_brain_is_found_alike_by_both_steps(tmp_path: Path) -> None:
    """Validate, which did not look for one, dropped the heads that preprocess would have prepared."""
    asked = ScoreOptions(tmp_path, brain_command="mine {image} {mask}", brain_timeout_s=5.0)
    checks, preparation = asked.checks(tmp_path), asked.preparation(tmp_path)
    assert (checks.brain_command, checks.brain_timeout_s) == ("mine {image} {mask}", 5.0)
    assert (checks.brain_mask, checks.brain_command) == (preparation.brain_mask, preparation.brain_command)
