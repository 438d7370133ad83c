"""The notebook of a first look is run, cell by cell, against a real server; no output is stored in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from cbvsynth.config import PhantomConfig
from cbvsynth.phantom.fill import fill
from tests.client import served_network
from tests.docs.pages import ROOT

NOTEBOOK = json.loads((ROOT / "docs" / "first-look.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_no_output_and_no_number_of_a_run_is_stored() -> None:
    """A stored picture would be of somebody's data, and every run would change the file."""
    for cell in NOTEBOOK["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.tensorflow
def test_every_cell_runs_and_shows_a_map_and_its_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(served_network, "LARGEST", (64, 64, 16))
    monkeypatch.chdir(tmp_path)
    fill(PhantomConfig(tmp_path / "data", tmp_path / "data.json", patients=1, matrix=32, slices=7, damaged=0))
    names: dict[str, Any] = {}
    with served_network.served_networks(tmp_path / "models") as served:
        monkeypatch.setenv("CBVSYNTH_SERVER", served.grpc)
        monkeypatch.setenv("CBVSYNTH_STUDY", str(tmp_path / "data"))
        for cell in CELLS:
            exec(compile(cell, "first-look.ipynb", "exec"), names)
    assert names["cbv"].shape == (32, 32, 7)
    assert len(names["figure"].axes) == 2
    plt.close(names["figure"])
    said = capsys.readouterr().out
    assert "brain  synthetic median" in said
    assert "lesion real      median" in said
