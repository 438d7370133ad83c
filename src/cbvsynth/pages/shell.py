"""What all pages share: the template they extend, and its research note."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from cbvsynth import __version__
from cbvsynth.pages.words import RESEARCH_NOTE
from cbvsynth.records.storage import write_text


@cache
def environment() -> Environment:
    """Templates of this package; everything but `Markup` is escaped, and a missing value is an error."""
    found = Environment(
        loader=PackageLoader("cbvsynth.pages", "templates"),
        autoescape=select_autoescape(("html", "j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(research_note=RESEARCH_NOTE, version=__version__)
    return found


def write_page(path: Path, template: str, content: dict[str, object]) -> None:
    """Render a template of `templates/` and write it atomically."""
    write_text(path, _render(template, content))


def write_page_inside(path: Path, template: str, content: dict[str, object]) -> None:
    """As `write_page`, into a folder that is put in its place as a whole: each file is flushed only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_render(template, content), encoding="utf-8")


def _render(template: str, content: dict[str, object]) -> str:
    return environment().get_template(template).render(content) + "\n"
