"""Whose study a folder holds: the phantom's as long as nothing in it was touched, else the user's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.receipt import inspect_study, origin_of, write_receipt
from cbvsynth.phantom.study import MARKER
from cbvsynth.records.origins import BY_PHANTOM, BY_USER, Origin


@pytest.fixture
def study(small_study: Path, tmp_path: Path) -> Path:
    """A phantom study to be changed."""
    shutil.copytree(small_study, tmp_path / "data")
    return tmp_path / "data"


def test_an_untouched_phantom_has_its_settings_digest_and_seed(
    small_study: Path, small_settings: StudySettings, tmp_path: Path
) -> None:
    receipt = inspect_study(small_study)
    assert (receipt.made_by, receipt.settings) == (BY_PHANTOM, small_settings)
    assert origin_of(small_study) == Origin(BY_PHANTOM, small_settings.seed, receipt.digest)
    write_receipt(tmp_path / "data.json", receipt)
    assert json.loads((tmp_path / "data.json").read_text())["digest"] == receipt.digest


def test_a_study_without_the_marker_is_the_users(study: Path) -> None:
    (study / MARKER).unlink()
    assert inspect_study(study).made_by == BY_USER
    assert origin_of(study) == Origin(BY_USER)


@pytest.mark.parametrize("change", ["add", "alter", "remove"])
def test_a_phantom_study_that_was_changed_is_the_users(study: Path, change: str) -> None:
    participants = study / "participants.tsv"
    if change == "add":
        (study / "notes.txt").write_text("mine")
    elif change == "alter":
        participants.write_text(participants.read_text().replace("sub", "SUB"))
    else:
        participants.unlink()
    assert inspect_study(study).made_by == BY_USER
    assert origin_of(study) == Origin(BY_USER)


@pytest.mark.parametrize(
    "marker",
    [
        "not json",
        "[]",
        "{}",
        '{"settings": {"patients": 0}}',
        '{"settings": {"unknown": 1}}',
        '{"settings": 3}',
    ],
)
def test_a_marker_that_is_not_ours_makes_a_users_study(study: Path, marker: str) -> None:
    (study / MARKER).write_text(marker)
    assert inspect_study(study).made_by == BY_USER
    assert origin_of(study) == Origin(BY_USER)
