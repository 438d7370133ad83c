"""What every page must be: whole without a network, well formed, and readable without eyes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from cbvsynth.signature import RESEARCH_NOTE

VOID = {"meta", "link", "img", "br", "input", "hr", "line", "circle", "rect", "polyline", "polygon", "path"}
MOST_BYTES = 5_000_000


class Outline(HTMLParser):
    """Elements that matter to a screen reader, and every reference to something outside of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if values.get("id") in self.ids:
            self.faults.append(f"id {values['id']} twice")
        self.ids.add(values.get("id") or "")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and not values.get("alt"):
            self.faults.append("img without alt")
        if tag == "svg" and not (
            values.get("role") == "img" and {"aria-labelledby", "aria-label"} & set(values)
        ):
            self.faults.append("svg without a title")
        if tag == "th" and not values.get("scope"):
            self.faults.append("th without scope")
        if tag == "html" and values.get("lang") != "en":
            self.faults.append("no language")
        for name in ("src", "href", "action"):
            if values.get(name) is not None:
                self.references.append(values[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def require_good_page(path: Path, *, links: tuple[str, ...] = ()) -> str:
    """Fail unless the page is well formed, self-contained, small and accessible; return its text."""
    html = path.read_text(encoding="utf-8")
    assert path.stat().st_size < MOST_BYTES
    outline = Outline()
    outline.feed(html)
    assert outline.faults == []
    assert outline.open == []
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(
        after <= before + 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    outside = [ref for ref in outline.references if not ref.startswith(("data:", "#"))]
    assert set(outside) <= set(links), outside
    assert "://" not in html.replace("http://www.w3.org", "")
    assert "default-src 'none'" in html, "the browser itself is told to fetch nothing"
    assert RESEARCH_NOTE in html
    return html
