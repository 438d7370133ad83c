"""`cbvsynth page` as it is typed: it says where it is, answers there, and ends when told to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from urllib.request import urlopen

from cbvsynth.cli import main

PROGRAM = """
from cbvsynth.page import program
program.read_viewer = lambda package: b"viewer"  # the real one is brought by npm
from cbvsynth.cli import main
raise SystemExit(main(["page", "--port", "0", "--server", "localhost:1"]))
"""


def test_it_serves_until_it_is_told_to_stop(tmp_path):
    """No server is there: the page starts all the same, and says so."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            told = process.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/", told)[0]
            with urlopen(address, timeout=20) as answer:
                assert b"For research only" in answer.read()
            os.kill(process.pid, signal.SIGINT)
            assert process.wait(timeout=60) in (0, 130)
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_the_viewer_is_asked_for_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["page"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: The viewer 'niivue-niivue-")
    assert told.count("\n") == 1
