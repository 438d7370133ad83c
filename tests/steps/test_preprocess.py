"""The step as a program: flags, words, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cbvsynth.config import PreprocessConfig
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study
from cbvsynth.records.decisions import Decision, write_decisions
from cbvsynth.records.examinations import read_index
from cbvsynth.records.origins import BY_PHANTOM, BY_USER, Origin
from cbvsynth.steps.preprocess import run
from cbvsynth.study.manifest import load_manifest
from tests.preprocessing.raw_study import RawStudy

ROOT = Path(__file__).resolve().parents[2]


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "components.preprocess", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def flags(study: RawStudy) -> list[str]:
    config = study.config
    folders = ["--data", config.data, "--examinations", config.examinations, "--out", config.out]
    return [*map(str, folders), "--held_out_share", "0.5", "--seed", "7", "--workers", "1"]


def test_the_program_makes_a_cache_and_says_what_came_of_it(tmp_path: Path) -> None:
    study = RawStudy(tmp_path)

    done = program(*flags(study))

    assert done.returncode == 0, done.stderr
    assert "9 examinations: 9 prepared, 0 unchanged, 0 removed; CBV in mL/100g" in done.stdout
    assert "patients on both sides: 0" in done.stdout
    assert (study.config.out / "index.json").is_file()


def test_bad_data_end_with_1_and_a_bad_flag_with_2(tmp_path: Path) -> None:
    study = RawStudy(tmp_path)
    study.config.examinations.unlink()

    missing, wrong = program(*flags(study)), program(*flags(study), "--split_by", "hospital")

    assert (missing.returncode, wrong.returncode) == (1, 2)
    assert missing.stderr.startswith("error: ")
    assert "run validate first" in missing.stderr
    assert "Traceback" not in missing.stderr + wrong.stderr


def test_warnings_go_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = RawStudy(tmp_path)
    summary = run(study.config)
    spoken = capsys.readouterr()

    assert summary.report.warnings
    assert all(f"warning: {warning}" in spoken.err for warning in summary.report.warnings)


def all_accepted(data: Path) -> PreprocessConfig:
    """How to prepare a study in which every examination was accepted."""
    decisions = data.with_name("validate") / "examinations.csv"
    write_decisions(
        decisions,
        [
            Decision(one.exam_id, one.subject_id, one.session_id, "accepted")
            for one in load_manifest(data).examinations
        ],
    )
    return PreprocessConfig(data=data, examinations=decisions, out=data.with_name("cache"), workers=1)


def test_the_index_says_who_made_the_study(tmp_path: Path) -> None:
    """Only artifacts/data.json said it; it lay beside the arrays and did not travel with them."""
    data = tmp_path / "data"
    digest = write_study(data, StudySettings(patients=4, matrix=32, damaged=0, seed=7))
    config = all_accepted(data)

    run(config)
    assert read_index(config.out).origin == Origin(BY_PHANTOM, 7, digest)

    (data / "another-patient.nii").write_bytes(b"image")
    run(config)
    assert read_index(config.out).origin == Origin(BY_USER), "with a file added it is no longer the phantom's"


def test_help_needs_neither_scipy_nor_nibabel() -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "import runpy\n"
        "try: runpy.run_module('components.preprocess', run_name='__main__')\n"
        "except SystemExit: print('\\n', sorted({'scipy', 'nibabel'} & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "--held_out_share" in shown.stdout
    assert shown.stdout.rstrip().endswith("[]")
