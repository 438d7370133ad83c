"""`cbvsynth node` and `cbvsynth node status`, as they are typed."""

from __future__ import annotations

import json

import pytest

from cbvsynth.cli import main
from cbvsynth.node.journal import Journal


@pytest.mark.parametrize("words", [["node"], ["node", "run"], ["node", "--port", "0"]])
def test_the_word_alone_runs_it_and_asks_for_what_it_needs(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("error: There is no --pacs; give where maps are sent")


@pytest.mark.parametrize("words", [["node", "--help"], ["node", "-h"]])
def test_help_lists_both(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "run" in shown
    assert "status" in shown


def test_status_of_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["node", "status"]) == 2
    assert capsys.readouterr().err.startswith("error: 'artifacts/node' holds no journal of a node")
    journal = Journal(tmp_path)
    journal.receive("a", "i", 1, "MR1", 100.0)
    journal.close()
    assert main(["node", "status", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("1 receiving\nstudy 1  receiving")
    assert main(["node", "status", "--folder", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["states"]["receiving"] == 1
