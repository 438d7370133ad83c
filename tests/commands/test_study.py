"""`cbvsynth study use` tells what it found and where it lies now; `study back` what is there again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.cli import main
from cbvsynth.config import PhantomConfig
from cbvsynth.domain.options import Layout
from cbvsynth.phantom.fill import fill
from tests.study.study_trees import build


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a small phantom, its receipt, and what DVC would know of it."""
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    fill(PhantomConfig(patients=1, matrix=32, slices=7, damaged=0))
    Path("data.dvc").write_text("meta: {phantom: 11.dir}\nouts: [{path: data, md5: 11.dir}]\n")


def receipt() -> dict:
    return json.loads(Path("artifacts/data.json").read_text())


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The receipt of a former run went on speaking of the phantom."""
    study = build(tmp_path / "mine", Layout.BIDS)
    assert receipt()["made_by"] == "phantom"
    assert main(["study", "use", str(study)]) == 0
    said = capsys.readouterr().out
    assert "layout         bids" in said
    assert f"data is a link to {study.resolve()}; data.dvc describes it" in said
    assert "what was there before lies in data.before" in said
    assert receipt()["made_by"] == "user"
    assert main(["study", "back"]) == 0
    assert "data is a folder of its own" in capsys.readouterr().out
    assert receipt()["made_by"] == "phantom"


def test_a_folder_in_which_nothing_is_recognised_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").write_bytes(b"sand")
    before = Path("data.dvc").read_bytes()
    assert main(["study", "use", str(tmp_path / "holiday")]) == 1
    assert "No known layout was recognised" in capsys.readouterr().err
    assert Path("data.dvc").read_bytes() == before
    assert not Path("data").is_symlink()


def test_the_phantom_is_not_made_where_a_study_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clone, or a disk that is not mounted, would have trained on phantoms in silence."""
    study = build(tmp_path / "mine", Layout.BIDS)
    assert main(["study", "use", str(study)]) == 0
    study.rename(tmp_path / "away")
    capsys.readouterr()
    assert main(["phantom"]) == 1
    assert "data leads nowhere" in capsys.readouterr().err
