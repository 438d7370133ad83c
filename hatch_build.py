"""Links of the pages for readers who have no checkout: of README on a package index, of docs/ on the site.

In the repository links are relative, so that they can be followed in every copy of it. What a package index
or the site does not hold is linked to where [project.urls] says that the repository is.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|!?\[[^\]]*\])*)\]\(([^)\s]+)\)")


def repository() -> str:
    """Where the repository is, as pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"])


def with_absolute_links(text: str, folder: str, reference: str, within: str | None = None) -> str:
    """A page in which relative links lead to the repository.

    Args:
        text: The page, Markdown.
        folder: Its folder in the repository, as in docs/how-to; empty for the repository's own.
        reference: Branch or tag that is linked to.
        within: Links into this folder stay as they are.
    """
    home = repository()

    def absolute(found: re.Match[str]) -> str:
        picture, shown, target = found.groups()
        shown = _LINK.sub(absolute, shown)
        place = posixpath.normpath(posixpath.join(folder, target))
        stays = within is not None and (place == within or place.startswith(f"{within}/"))
        if not stays and not re.match(r"[a-z]+:|#", target):
            target = f"{home}/{'raw' if picture else 'blob'}/{reference}/{place}"
        return f"{picture}[{shown}]({target})"

    return _LINK.sub(absolute, text)


class CustomMetadataHook(MetadataHookInterface):
    """What the wheel says of itself: README with absolute links."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme; called by hatchling."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        readme = with_absolute_links(text, "", f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def on_config(config: Any) -> None:  # noqa: ANN401  MkDocs' configuration
    """List every record in the site's contents; called by MkDocs at the start."""
    (records,) = [section["Decisions"] for section in config.nav if "Decisions" in section]
    records += [f"decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))]


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:  # noqa: ANN401  MkDocs' page
    """Let links that leave docs/ lead to the repository; called by MkDocs for every page."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")
    return with_absolute_links(markdown, folder, "main", within="docs")
