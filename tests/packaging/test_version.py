"""The version stands in pyproject.toml; what must repeat it says the same."""

from __future__ import annotations

import re
import tomllib

import yaml

from cbvsynth import __version__
from tests.docs.pages import PAGES
from tests.packaging.environments import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_what_is_installed_is_what_is_here() -> None:
    assert __version__ == VERSION, "run make setup"


def test_the_citation_names_it() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == VERSION


def test_the_changelog_has_a_section_of_it() -> None:
    sections = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections[:2] == ["Unreleased", VERSION]


def test_pages_that_name_our_images_name_this_version() -> None:
    """Commands on the pages are typed as they stand. tests/k8s/test_names.py holds the manifests to it."""
    named = {
        (page.name, tag)
        for page in PAGES
        for tag in re.findall(
            r"(?:\bcbvsynth(?:-train|-registry)?:|\$name:|pin cbvsynth\S* \S+ )(\d+\.\d+\.\d+)",
            page.read_text(encoding="utf-8"),
        )
    }
    assert len({page for page, _ in named}) >= 3
    assert {tag for _, tag in named} == {VERSION}
