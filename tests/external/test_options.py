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
