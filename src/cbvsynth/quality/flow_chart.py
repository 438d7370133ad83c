"""The inclusion flow chart: as text, as an SVG for the report, as a PNG for slides.

Source: the paper's figure of inclusion and exclusion, from 818 to 756 examinations.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from cbvsynth.domain.wording import counted
from cbvsynth.quality.outcome import Flow
from cbvsynth.records.storage import write_text
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_INCH = 4.6
_LINE_INCH = 0.19
_PADDING_INCH = 0.09
_GAP_INCH = 0.16
_MAIN = (0.05, 1.8)
"""Left edge and width of the main column, inches."""
_SIDE = (2.15, 2.4)
"""Left edge and width of the column of those that leave, inches."""
_FONT_POINTS = 9.5
_ACCENT, _LOSS = "#e3eef8", "#fbf0e4"
"""Fill of the main boxes, and of those that leave."""
_WRAP_SIDE = 33


def flow_text(flow: Flow) -> str:
    """The chart as plain text, one box per line."""
    lines = [f"Examinations found: n = {flow.examinations_found} ({_patients(flow.patients_found)})"]
    lines += [f"  dropped, {group}: n = {count}" for group, count in flow.dropped]
    lines += [
        f"Examinations accepted: n = {flow.examinations_accepted} ({_patients(flow.patients_accepted)})"
    ]
    return "\n".join(lines) + "\n"


def write_flow_chart(folder: Path, flow: Flow) -> None:
    """Write flow_chart.txt and flow_chart.png into a folder, atomically."""
    write_text(folder / "flow_chart.txt", flow_text(flow))
    flow_chart(flow).save_png(folder / "flow_chart.png", dpi=200)


def flow_chart(flow: Flow) -> Chart:
    """The chart for pages and slides."""
    with house_style():
        return Chart(_figure(flow), "Inclusion flow chart", flow_text(flow).strip().replace("\n", ", "))


def _figure(flow: Flow) -> Figure:
    from matplotlib.figure import Figure

    main, side, note = _texts(flow)
    heights = [_height(text) for text in side]
    between = sum(heights) + _GAP_INCH * (len(side) + 1) + (_height(note) if note else 0.0)
    total = _height(main[0]) + between + _height(main[1]) + 0.1
    figure = Figure(figsize=(_WIDTH_INCH, total))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _WIDTH_INCH), ylim=(total, 0))
    axes.axis("off")
    spine = _MAIN[0] + _MAIN[1] / 2
    top = 0.05 + _height(main[0])
    _box(axes, _MAIN, 0.05, main[0], _ACCENT)
    _arrow(axes, (spine, top), (spine, top + between))
    place = top + _GAP_INCH
    for text, height in zip(side, heights, strict=True):
        _box(axes, _SIDE, place, text, _LOSS)
        _arrow(axes, (spine, place + height / 2), (_SIDE[0], place + height / 2))
        place += height + _GAP_INCH
    if note:
        _words(axes, (_SIDE[0] + _SIDE[1] / 2, place + (_height(note) - _GAP_INCH) / 2), note, MUTED)
    _box(axes, _MAIN, top + between, main[1], _ACCENT)
    return figure


def _texts(flow: Flow) -> tuple[tuple[str, str], list[str], str]:
    """The two main boxes, the boxes of those that leave, and the headings that nobody left under."""
    main = (
        f"Examinations found\nn = {flow.examinations_found}\n({_patients(flow.patients_found)})",
        f"Examinations accepted\nn = {flow.examinations_accepted}\n({_patients(flow.patients_accepted)})",
    )
    side = [f"{_sentence(str(group))}\nn = {count}" for group, count in flow.dropped if count]
    none = ", ".join(str(group) for group, count in flow.dropped if not count)
    return main, side, "\n".join(wrap(f"None for: {none}", _WRAP_SIDE)) if none else ""


def _box(axes: Axes, column: tuple[float, float], top: float, text: str, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, width = column
    height = _height(text)
    axes.add_patch(
        FancyBboxPatch(
            (left, top), width, height, boxstyle="round,pad=0,rounding_size=0.05", fc=colour, ec=INK, lw=0.8
        )
    )
    _words(axes, (left + width / 2, top + height / 2), text, INK)


def _words(axes: Axes, middle: tuple[float, float], text: str, colour: str) -> None:
    axes.text(*middle, text, ha="center", va="center", fontsize=_FONT_POINTS, color=colour, linespacing=1.3)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def _height(text: str) -> float:
    return _LINE_INCH * len(text.split("\n")) + 2 * _PADDING_INCH


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _patients(count: int) -> str:
    return counted(count, "patient")
