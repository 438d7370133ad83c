"""`cbvsynth tour` names what is there, and nothing that is not."""

from __future__ import annotations

from cbvsynth.cli import all_commands, main
from tests.pages.run_files import write_run


def test_the_tour_leads_to_the_pages_that_a_run_has_left(tmp_path, capsys):
    root = write_run(tmp_path)
    (root / "report").mkdir()
    (root / "report/index.html").write_text("<!doctype html>")
    capsys.readouterr()
    assert main(["tour", "--artifacts", str(root)]) == 0
    told = capsys.readouterr().out
    assert "5 models, scored on 12 held-out examinations of 12 patients" in told
    assert "By available sequences: " in told
    for place in ("evaluate/report.html", "report/index.html"):
        assert str(root / place) in told
    for place in ("clinical/clinical.html", "validate/report.html", "model_cards"):
        assert place not in told
    commands = [line.split("  ")[1] for line in told.splitlines() if line.startswith("  cbvsynth ")]
    assert len(commands) >= 6
    for command in commands:
        words = command.removeprefix("cbvsynth ").split(" --")[0]
        assert words in all_commands(), command
