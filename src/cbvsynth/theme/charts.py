"""Charts drawn by matplotlib in one style: as SVG inside a page, as PNG beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from cbvsynth.records.storage import atomic_file
from cbvsynth.theme.colours import INK, MUTED

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
}


def house_style() -> AbstractContextManager[None]:
    """The style that every figure is made in; matplotlib's own settings are as before afterwards."""
    from matplotlib import rc_context

    return rc_context(STYLE)


def save_png(figure: Figure, path: Path, dpi: int = 130) -> None:
    """Save atomically and without time or program version, so that equal pictures are equal files."""
    with atomic_file(path) as temporary, house_style():
        figure.savefig(temporary, format="png", dpi=dpi, metadata={"Software": None}, facecolor="white")


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure, and what it shows in words for those who cannot see it."""

    figure: Figure
    title: str
    """Different from that of every other chart of a page: its ids are made from it."""
    description: str
    tips: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Words shown where a mark is pointed at, one for each mark of the artist with this gid."""

    def save_png(self, path: Path, dpi: int = 160) -> None:
        """Save as a picture of its own; see `save_png`."""
        save_png(self.figure, path, dpi)

    def svg(self) -> Markup:
        """An element for a page; the same chart gives the same text.

        Words stay words, to be selected, searched and read out. They are laid out in DejaVu Sans, which is
        wider than what browsers show instead, so that nothing runs into its neighbour.
        """
        from markupsafe import Markup
        from matplotlib import rc_context

        written = StringIO()
        with house_style(), rc_context({"svg.fonttype": "none", "svg.hashsalt": self.title}):
            self.figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
        drawn = written.getvalue()
        size = re.search(r'width="([^"]+)" height="[^"]+" viewBox="([^"]+)"', drawn)
        assert size is not None
        number = f"{crc32(self.title.encode()):08x}"
        return Markup(  # noqa: S704  # matplotlib escapes the words that it draws, and we do the rest
            f'<svg viewBox="{size[2]}" width="{size[1]}" stroke-linejoin="round" role="img" '
            f'aria-labelledby="t{number} d{number}"><title id="t{number}">{escape(self.title)}</title>'
            f'<desc id="d{number}">{escape(self.description)}</desc>'
            f"{_without_idle_ids(self._with_tips(_body(drawn)))}</svg>"
        )

    def _with_tips(self, body: str) -> str:
        for gid, tips in self.tips.items():
            before, place, after = body.partition(f'<g id="{gid}">')
            assert place, f"{self.title}: no artist has the gid {gid}"
            titles = [f"<title>{escape(words)}</title>" for words in tips]
            marks = re.split("(<use [^>]*)/>", after, maxsplit=len(titles))
            parts = [
                f"{between}{mark}>{title}</use>"
                for between, mark, title in zip(marks[:-1:2], marks[1::2], titles, strict=True)
            ]
            body = "".join([before, place, *parts, marks[-1]])
        return body


def _body(drawn: str) -> str:
    """What lies inside matplotlib's <svg>, fit to stand in a page.

    Gone are metadata, a style sheet that would apply to the whole page, and digits beyond a hundredth of a
    point.
    """
    inside = drawn[drawn.index(">", drawn.index("<svg")) + 1 : drawn.rindex("</svg>")]
    inside = re.sub(r"<(metadata|style)\b.*?</\1>", "", inside, flags=re.DOTALL)
    inside = re.sub(r">\s+<", "><", inside).strip().replace("xlink:href", "href")
    return re.sub(r"<[^>]+>", _shortened, inside)


def _without_idle_ids(inside: str) -> str:
    """Without ids that nothing refers to: `axes_1` and its like would stand once in every chart of a page."""
    referred = set(re.findall(r"#(\w+)", inside))
    inside = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in referred else "", inside)
    return inside.replace("<defs></defs>", "").replace("<g/>", "")


def _shortened(tag: re.Match[str]) -> str:
    text = re.sub(r"(\.\d\d)\d+", r"\1", tag[0]).replace("\n", "")
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    return text.replace("'DejaVu Sans'", "system-ui, sans-serif")
