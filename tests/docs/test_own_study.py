"""The README's section "Use your own study", typed as it stands, from a clone of this tree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cbvsynth.config import PhantomConfig
from cbvsynth.phantom.fill import fill
from cbvsynth.phantom.study import MARKER
from cbvsynth.records.storage import sha256_tree
from tests.docs.pages import ROOT, code_lines, typed
from tests.installed import pretend_installed
from tests.kubeflow.demo_study import SETTINGS

NOT_NEEDED = ("tests/", "docs/", "k8s/", "benchmarks/")
"""Folders that no line of the section looks into."""
FIRST, LAST = "git clone <this repository>", "cbvsynth study back"


def section() -> list[str]:
    """Its lines; the clone's is also the first of "Try it"."""
    lines = [line for _, line in code_lines(ROOT / "README.md")]
    first = max(number for number, line in enumerate(lines) if line.startswith(FIRST))
    return lines[first : 1 + next(number for number, line in enumerate(lines) if line.startswith(LAST))]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of this tree as it is now, committed or not."""
    place = tmp_path / "remote" / "cbvsynth"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this tree is no git repository, so there is nothing to clone")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith(NOT_NEEDED):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *words], cwd=place, check=True)
    return place


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A small study that nobody can tell from a laboratory's."""
    place = tmp_path / "elsewhere" / "study"
    fill(PhantomConfig(place, tmp_path / "receipt.json", patients=12, matrix=32, slices=8, damaged=1))
    (place / MARKER).unlink()
    return place


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.timeout(1800)
def test_every_line_of_the_section_does_what_the_page_says(
    tmp_path: Path, repository: Path, study: Path
) -> None:
    """`rm -r data` failed on a clone, which has none, and cbvsynth was not found: nothing was set up."""
    before = sha256_tree(study)
    _write_params(tmp_path / "params.yaml")
    clone, *lines = section()
    assert any(line.startswith("make setup") for line in lines)
    pretend_installed(tmp_path)
    typing = [
        clone.replace("<this repository>", str(repository)),
        "cp ../params.yaml . && cp -r ../.venv .venv && touch .venv/.installed",  # this run is short
        *(line.replace("/where/your/study/is", str(study)) for line in lines),
    ]
    said = typed(typing[:-1], tmp_path)
    assert "layout         bids" in said
    assert re.search("1 model +learn from 12 examinations of 9 patients, 2 epochs", said)
    assert "it can pass" in said
    work = tmp_path / "cbvsynth"
    assert json.loads((work / "artifacts/evaluate/verdict.json").read_text())["models"] == 1
    assert (work / "artifacts/promote/promotion.json").is_file()
    assert (work / "data").resolve() == study
    assert "the next run fills it with the phantom" in typed([typing[-1]], work)
    assert not (work / "data").exists()
    assert _git(work, "status", "--porcelain", "data.dvc", "data", "data.before") == ""
    assert sha256_tree(study) == before


def _write_params(path: Path) -> None:
    """The committed settings, but for a run of a minute."""
    committed = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**committed, **SETTINGS, "sweep": {"models": ["encdec-t1c"]}}))


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
