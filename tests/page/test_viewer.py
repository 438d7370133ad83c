"""The viewer is the pinned one or none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cbvsynth.errors import InstallationError
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.viewer import PACKAGE, PACKAGE_FILE, VERSION, read_viewer

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_one_says_how_to_bring_it(tmp_path):
    with pytest.raises(InstallationError, match=re.escape(f"npm pack {PACKAGE}")):
        read_viewer(tmp_path / PACKAGE_FILE)


def test_another_one_is_refused(tmp_path):
    (tmp_path / PACKAGE_FILE).write_bytes(b"something else")
    with pytest.raises(InstallationError, match="has the digest"):
        read_viewer(tmp_path / PACKAGE_FILE)


def test_make_brings_this_version_to_where_the_page_looks():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert PACKAGE in text
    assert re.search(rf"^{re.escape(str(PageSettings().viewer))}[ :]", text, re.MULTILINE)
    assert set(re.findall(r"niivue[-@](\d+\.\d+\.\d+)", text)) == {VERSION}
