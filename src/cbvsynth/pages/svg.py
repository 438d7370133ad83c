"""Charts as SVG: sharp in print, small in a file, with a title and a description to be read out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from zlib import crc32

from markupsafe import Markup

from cbvsynth.pages.colours import FAINT, INK, MUTED

LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 14.0, 46.0
"""Margins of a plot, pixels."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """One axis: what it shows, from where to where; `ticks` are the values that are named."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    digits: int = 1

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def fitted(label: str, values: Iterable[float], *, around: float = 0.06, ticks: int = 8) -> Scale:
    """A linear scale that holds all values, with round ticks; a single value gets a scale around it."""
    found = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(found), max(found)
    margin = around * (high - low) or max(1.0, abs(low)) * around
    low, high = low - margin, high + margin
    step = _round_step((high - low) / ticks)
    first = math.ceil(low / step)
    places = tuple(number * step for number in range(first, math.floor(high / step) + 1))
    return Scale(label, low, high, places, digits=max(0, -math.floor(math.log10(step) + 1e-9)))


def _round_step(raw: float) -> float:
    size = 10.0 ** math.floor(math.log10(raw))
    return next(size * part for part in (1.0, 2.0, 5.0, 10.0) if size * part >= raw - 1e-12 * size)


class Plot:
    """A chart that is drawn piece by piece; `markup` is the whole."""

    def __init__(  # noqa: PLR0913  # an axis each way, a size, and two texts for readers
        self,
        x: Scale,
        y: Scale,
        *,
        title: str,
        description: str,
        width: float = 460.0,
        height: float = 360.0,
        bottom: float = BOTTOM,
        left: float = LEFT,
    ) -> None:
        self.x, self.y = x, y
        self.width, self.height = width, height
        self._title, self._description = title, description
        self._left, self._bottom = left, height - bottom
        self._parts: list[str] = []
        self._grid()

    def at(self, x: float, y: float) -> Point:
        """Pixels of a place in the axes' values."""
        return (
            self._left + self.x.share(x) * (self.width - RIGHT - self._left),
            self._bottom - self.y.share(y) * (self._bottom - TOP),
        )

    def line(
        self, points: Sequence[Point], *, colour: str = INK, width: float = 1.6, dashes: str = ""
    ) -> None:
        """A line through places."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{style}/>'
        )

    def marker(
        self, place: Point, *, shape: str = "o", colour: str = INK, size: float = 4.0, tip: str = ""
    ) -> None:
        """A mark; `shape` is one of matplotlib's o s D ^ v P X, `tip` is shown when it is pointed at."""
        x, y = self.at(*place)
        inside = f"<title>{escape(tip)}</title>" if tip else ""
        self._parts.append(_mark(shape, (x, y), size, f'fill="{colour}" fill-opacity=".85"', inside))

    def text(
        self, place: Point, words: str, *, shift: Point = (0.0, 0.0), anchor: str = "start", size: int = 11
    ) -> None:
        """Words beside a place, moved by `shift` pixels."""
        x, y = self.at(*place)
        self._parts.append(
            f'<text x="{x + shift[0]:.1f}" y="{y + shift[1]:.1f}" text-anchor="{anchor}" '
            f'font-size="{size}">{escape(words)}</text>'
        )

    def raw(self, part: str) -> None:
        """A piece of SVG in pixels, for what no other method draws."""
        self._parts.append(part)

    def legend(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Marks of (shape, colour, words) in the lower right corner; `-5 4` is a line with these dashes."""
        x = self.width - RIGHT - 6
        for number, (shape, colour, words) in enumerate(entries):
            y = self._bottom - 10 - 16 * (len(entries) - 1 - number)
            mark = x - 8
            if shape.startswith("-"):
                mark = x - 22
                dashes = f' stroke-dasharray="{shape[1:]}"' if shape[1:] else ""
                self._parts.append(
                    f'<line x1="{mark:.0f}" x2="{x:.0f}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" '
                    f'stroke-width="2"{dashes}/>'
                )
            else:
                self._parts.append(_mark(shape, (x - 4, y - 4), 4.0, f'fill="{colour}"'))
            self._words(mark - 6, y, "end", words)

    def legend_below(self, entries: Sequence[tuple[str, str, str]], *, columns: int = 3) -> None:
        """Marks of (shape, colour, words) below the axes, where they hide nothing; see `legend_height`."""
        wide = (self.width - self._left) / columns
        for number, (shape, colour, words) in enumerate(entries):
            x = self._left + wide * (number % columns)
            y = self._bottom + BOTTOM + 12 + 16 * (number // columns)
            self._parts.append(_mark(shape, (x + 4, y - 4), 4.0, f'fill="{colour}"'))
            self._words(x + 14, y, "start", words)

    def _words(self, x: float, y: float, anchor: str, words: str) -> None:
        self._parts.append(
            f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="11">{escape(words)}</text>'
        )

    def markup(self) -> Markup:
        """The chart."""
        number = f"{crc32(self._title.encode()):08x}"  # the same chart has the same bytes
        return Markup(  # noqa: S704  # all words were escaped
            f'<svg viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" role="img" '
            f'aria-labelledby="t{number} d{number}" font-family="system-ui, DejaVu Sans, sans-serif" '
            f'fill="{INK}"><title id="t{number}">{escape(self._title)}</title>'
            f'<desc id="d{number}">{escape(self._description)}</desc>{"".join(self._parts)}</svg>'
        )

    def _grid(self) -> None:
        right = self.width - RIGHT
        for value in self.y.ticks:
            _, y = self.at(self.x.low, value)
            self._parts.append(
                f'<line x1="{self._left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>'
                f'<text x="{self._left - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="11">'
                f"{_number(value, self.y.digits)}</text>"
            )
        for value in self.x.ticks:
            x, _ = self.at(value, self.y.low)
            self._parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self._bottom}" y2="{self._bottom + 4}" '
                f'stroke="{MUTED}"/><text x="{x:.1f}" y="{self._bottom + 16}" text-anchor="middle" '
                f'font-size="11">{_number(value, self.x.digits)}</text>'
            )
        middle = (self._left + right) / 2
        centre = (self._bottom + TOP) / 2
        self._parts.append(
            f'<line x1="{self._left}" x2="{right}" y1="{self._bottom}" y2="{self._bottom}" stroke="{MUTED}"/>'
            f'<text x="{middle}" y="{self._bottom + 35}" text-anchor="middle" font-size="12">'
            f"{escape(self.x.label)}</text>"
            f'<text x="14" y="{centre}" text-anchor="middle" font-size="12" '
            f'transform="rotate(-90 14 {centre})">{escape(self.y.label)}</text>'
        )


def legend_height(entries: int, columns: int = 3) -> float:
    """Pixels that `legend_below` needs."""
    return 8.0 + 16.0 * -(-entries // columns)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "")


def _mark(shape: str, place: Point, size: float, style: str, inside: str = "") -> str:
    x, y = place
    edge = 'stroke="#fff" stroke-width=".6"'
    if shape == "o":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {style} {edge}>{inside}</circle>'
    corners = {
        "s": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "D": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "^": ((0, -1.2), (1.2, 1), (-1.2, 1)),
        "v": ((0, 1.2), (1.2, -1), (-1.2, -1)),
    }.get(shape, ((-0.5, -1.2), (0.5, -1.2), (0.5, 1.2), (-0.5, 1.2)))
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {style} {edge}>{inside}</polygon>'
