"""README and CONTRIBUTING show the rooms as import-linter knows them."""

from __future__ import annotations

import re
import tomllib

from tests.docs.pages import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
FLOORS = [floor.split(" | ") for floor in CONTRACTS["contracts"][0]["layers"]]


def test_contributing_lists_the_floors_from_top_to_bottom() -> None:
    text = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    listed = text.partition("imports from those below it: ")[2].partition(". import-linter")[0]
    assert [re.findall(r"`(\w+)`", floor) for floor in listed.split(" → ")] == FLOORS


def test_the_tree_of_the_readme_shows_every_room() -> None:
    tree = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The repository")[2].split("```")[1]
    shown = set(re.findall(r"\b(\w+)(?:/|\.py)(?:\s|$)", tree))
    rooms = {room for floor in FLOORS for room in floor}
    assert rooms - shown == {"errors"}
    for folder in re.findall(r"^(\w[\w/]*)/ ", tree, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


def test_the_list_of_decisions_has_each_record_once() -> None:
    """Three stood there twice."""
    folder = ROOT / "docs/decisions"
    listed = re.findall(
        r"^\| \[\d{4}\]\((\S+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(path.name for path in folder.glob("0*.md"))
