"""Pages from templates: one environment, one shell, one stylesheet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cbvsynth import __version__
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme import colours

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Templates of every room, named by their place below the package: `pages/templates/run.html.j2`.

    In HTML everything but `Markup` is escaped, and a missing value is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    found = Environment(
        loader=PackageLoader("cbvsynth", ""),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        research_note=RESEARCH_NOTE,
        version=__version__,
        colours={"ink": colours.INK, "muted": colours.MUTED, "line": colours.FAINT},
        contents_script=_ContentsScript(),
    )
    return found


class _ContentsScript:
    """What makes links to parts of a page work inside another page; its hash alone is let through."""

    def __init__(self) -> None:
        self.text = (Path(__file__).parent / "templates" / "contents.js").read_text(encoding="utf-8")
        self.hash = f"sha256-{b64encode(sha256(self.text.encode()).digest()).decode()}"

    def __html__(self) -> str:
        return self.text


def picture_source(picture: Path) -> str:
    """A PNG as the address of an image, so that a page holds its pictures."""
    return "data:image/png;base64," + b64encode(picture.read_bytes()).decode("ascii")


def rendered(template: str, content: Mapping[str, object]) -> str:
    """A template filled in, with one newline at its end."""
    return environment().get_template(template).render(content) + "\n"


def write_page(path: Path, template: str, content: Mapping[str, object]) -> None:
    """Render a template and write it atomically."""
    write_text(path, rendered(template, content))


def write_page_inside(path: Path, template: str, content: Mapping[str, object]) -> None:
    """As `write_page`, into an `atomic_folder`, which flushes its files once for all of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rendered(template, content), encoding="utf-8")
