"""The viewer is the pinned one or none."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from cbvsynth.errors import InstallationError
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.viewer import PACKAGE, PACKAGE_FILE, VERSION, read_viewer

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_one_says_how_to_bring_it(tmp_path):
    with pytest.raises(InstallationError, match=re.escape(f"npm pack {PACKAGE}")):
        read_viewer(tmp_path / PACKAGE_FILE)


def test_its_command_works_where_the_folder_is_not_there(tmp_path):
    """npm ended with ENOENT: it makes no folder, and artifacts/page is made by the page's first start."""
    package = tmp_path / "a page" / PACKAGE_FILE
    with pytest.raises(InstallationError) as caught:
        read_viewer(package)
    command = str(caught.value).partition(": ")[2].partition(" brings it")[0]
    as_npm = f'npm() {{ [ "$2" = {PACKAGE} ] && touch "$4/{PACKAGE_FILE}"; }}; {command}'
    subprocess.run(["bash", "-euc", as_npm], check=True)
    assert package.exists()
    with pytest.raises(InstallationError, match=re.escape(command)):
        read_viewer(package)  # npm's was empty, so that it has another digest


def test_another_one_is_refused(tmp_path):
    (tmp_path / PACKAGE_FILE).write_bytes(b"something else")
    with pytest.raises(InstallationError, match="has the digest"):
        read_viewer(tmp_path / PACKAGE_FILE)


def test_make_brings_this_version_to_where_the_page_looks():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert PACKAGE in text
    assert re.search(rf"^{re.escape(str(PageSettings().viewer))}[ :]", text, re.MULTILINE)
    assert set(re.findall(r"niivue[-@](\d+\.\d+\.\d+)", text)) == {VERSION}
