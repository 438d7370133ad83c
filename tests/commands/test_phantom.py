from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.commands.phantom import phantom
from cbvsynth.entrypoint import run_function

SMALL = ("--patients", "2", "--matrix", "32", "--slices", "7", "--damaged", "1")


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, ...]:
    return ("--data", str(tmp_path / "data"), "--receipt", str(tmp_path / "data.json"))


def run(*arguments: str) -> int:
    return run_function(phantom, arguments, "cbvsynth phantom")


def test_the_command_says_what_it_made_and_where_to_go_on(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*places, *SMALL) == 0
    told = capsys.readouterr().out
    assert "Made 3 synthetic examinations of 3 patients" in told
    assert "1 holds a planted fault" in told
    assert "cbvsynth validate --data" in told
    assert Path(places[3]).is_file()


def test_the_command_says_that_it_kept_a_study_of_other_settings(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run(*places, *SMALL)
    capsys.readouterr()
    assert run(*places, *SMALL, "--seed", "5") == 0
    told = capsys.readouterr().out
    assert "Kept 3 synthetic examinations" in told
    assert "other settings than asked for; delete" in told


def test_the_command_leaves_a_users_study_alone(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(places[1])
    data.mkdir()
    (data / "mine.nii").write_bytes(b"0")
    assert run(*places) == 0
    assert "holds a study of yours, 1 file; nothing was written there" in capsys.readouterr().out


def test_a_wrong_setting_is_a_usage_error(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*places, "--seed", "-3") == 2
    assert "seed is -3" in capsys.readouterr().err


def test_a_raw_study_as_dicom_is_made_by_two_words(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    raw = ("--entry", "raw", "--format", "dicom", "--matrix", "48", "--slices", "7")
    assert run(*places, *raw, "--patients", "1", "--damaged", "0") == 0
    told = capsys.readouterr().out
    assert "Made 1 synthetic examination of 1 patient" in told
    assert f"Next:    cbvsynth manifest {places[1]} --layout dicom" in told  # it said validate, which refuses
    assert next(Path(places[1]).rglob("*.IMA"))


def test_an_aligned_study_as_dicom_is_refused_before_anything_is_written(
    places: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*places, *SMALL, "--format", "dicom") != 0
    assert "add --entry raw" in capsys.readouterr().err
    assert not Path(places[1]).exists()
