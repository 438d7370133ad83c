"""What the wheel puts into an environment: one name, with all that it reads at run time."""

from __future__ import annotations

import re
import subprocess
import tomllib
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.packaging.environments import ROOT, Environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIST_INFO = f"cbvsynth-{PROJECT['version']}.dist-info"


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"{DIST_INFO}/METADATA"))


def test_it_takes_one_name(names: set[str]) -> None:
    """It used to take components, pipelines and serving too, names that other projects' folders have."""
    assert {name.partition("/")[0] for name in names} == {"cbvsynth", DIST_INFO}


def test_it_holds_every_file_of_the_package_that_git_holds(names: set[str]) -> None:
    """Templates, schemas and tables are read when a command runs, long after an installation went well."""
    listed = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    ours = {name.removeprefix("src/") for name in listed if (ROOT / name).is_file()}
    assert {Path(name).suffix for name in ours} >= {".py", ".j2", ".csv", ".json", ".typed"}
    assert ours <= names


def test_its_programs_are_these_two(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        text = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    assert re.findall(r"^(\S+) = ", text, re.MULTILINE) == ["cbvsynth", "cbvsynth-server"]


@pytest.mark.slow
def test_a_folder_of_the_users_own_called_components_is_left_alone(bare: Environment, tmp_path: Path) -> None:
    """Ours hid `python -m components.validate` of a folder that has a package of that name, or was hidden."""
    own = tmp_path / "components"
    own.mkdir()
    (own / "__init__.py").touch()
    (own / "validate.py").write_text("print('my own validate')")
    theirs = bare.run("python", "-m", "components.validate", cwd=tmp_path)
    assert (theirs.returncode, theirs.stdout) == (0, "my own validate\n"), theirs.stderr
    ours = bare.run("cbvsynth", "validate", "--help", cwd=tmp_path)
    assert ours.returncode == 0, ours.stderr
    assert "usage: cbvsynth validate" in ours.stdout


@pytest.mark.slow
def test_the_version_is_the_projects(bare: Environment, tmp_path: Path) -> None:
    shown = bare.run("cbvsynth", "--version", cwd=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, f"cbvsynth {PROJECT['version']}\n"), shown.stderr
