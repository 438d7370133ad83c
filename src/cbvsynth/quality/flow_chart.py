"""The inclusion flow chart: as text, as an SVG for the report, as a PNG for slides.

Source: the paper's figure of inclusion and exclusion, from 818 to 756 examinations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from textwrap import wrap
from typing import Any

from cbvsynth.quality.outcome import Flow
from cbvsynth.records.storage import atomic_file, write_text

_WIDTH_INCH = 4.6
_LINE_INCH = 0.19
_PADDING_INCH = 0.09
_GAP_INCH = 0.16
_MAIN = (0.05, 1.8)
"""Left edge and width of the main column, inches."""
_SIDE = (2.15, 2.4)
"""Left edge and width of the column of those that leave, inches."""
_FONT_POINTS = 9.5
_INK, _SOFT, _ACCENT, _LOSS = "#1f2933", "#52606d", "#e3eef8", "#fbf0e4"
_WRAP_SIDE = 33
_DPI = 200


def flow_text(flow: Flow) -> str:
    """The chart as plain text, one box a line."""
    lines = [f"Examinations found: n = {flow.examinations_found} ({_patients(flow.patients_found)})"]
    lines += [f"  dropped, {group}: n = {count}" for group, count in flow.dropped]
    lines += [
        f"Examinations accepted: n = {flow.examinations_accepted} ({_patients(flow.patients_accepted)})"
    ]
    return "\n".join(lines) + "\n"


def write_flow_chart(folder: Path, flow: Flow) -> None:
    """Write flow_chart.txt and flow_chart.png into a folder, atomically."""
    write_text(folder / "flow_chart.txt", flow_text(flow))
    with atomic_file(folder / "flow_chart.png") as temporary, _figure(flow) as figure:
        figure.savefig(temporary, format="png", dpi=_DPI, metadata={"Software": None})


def flow_svg(flow: Flow) -> str:
    """The chart as an SVG element with text that can be selected; the same flow gives the same text."""
    import matplotlib as mpl

    buffer = BytesIO()
    style = {"svg.fonttype": "none", "svg.hashsalt": "cbvsynth"}
    with mpl.rc_context(style), _figure(flow) as figure:
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    document = buffer.getvalue().decode()
    return document[document.index("<svg") :]


@contextmanager
def _figure(flow: Flow) -> Iterator[Any]:
    """A drawn figure without a window system; nothing global is touched."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    main, side, note = _texts(flow)
    heights = [_height(text) for text in side]
    between = sum(heights) + _GAP_INCH * (len(side) + 1) + (_height(note) if note else 0.0)
    total = _height(main[0]) + between + _height(main[1]) + 0.1
    figure = Figure(figsize=(_WIDTH_INCH, total))
    FigureCanvasAgg(figure)
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
        _words(axes, (_SIDE[0] + _SIDE[1] / 2, place + (_height(note) - _GAP_INCH) / 2), note, _SOFT)
    _box(axes, _MAIN, top + between, main[1], _ACCENT)
    yield figure


def _texts(flow: Flow) -> tuple[tuple[str, str], list[str], str]:
    """The two main boxes, the boxes of those that leave, and the headings that nobody left under."""
    main = (
        f"Examinations found\nn = {flow.examinations_found}\n({_patients(flow.patients_found)})",
        f"Examinations accepted\nn = {flow.examinations_accepted}\n({_patients(flow.patients_accepted)})",
    )
    side = [f"{_sentence(str(group))}\nn = {count}" for group, count in flow.dropped if count]
    none = ", ".join(str(group) for group, count in flow.dropped if not count)
    return main, side, "\n".join(wrap(f"None for: {none}", _WRAP_SIDE)) if none else ""


def _box(axes: Any, column: tuple[float, float], top: float, text: str, colour: str) -> None:  # noqa: ANN401  # matplotlib is not typed
    from matplotlib.patches import FancyBboxPatch

    left, width = column
    height = _height(text)
    axes.add_patch(
        FancyBboxPatch(
            (left, top), width, height, boxstyle="round,pad=0,rounding_size=0.05", fc=colour, ec=_INK, lw=0.8
        )
    )
    _words(axes, (left + width / 2, top + height / 2), text, _INK)


def _words(axes: Any, middle: tuple[float, float], text: str, colour: str) -> None:  # noqa: ANN401  # matplotlib is not typed
    axes.text(*middle, text, ha="center", va="center", fontsize=_FONT_POINTS, color=colour, linespacing=1.3)


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:  # noqa: ANN401  # matplotlib is not typed
    style = {"arrowstyle": "-|>", "color": _INK, "lw": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def _height(text: str) -> float:
    return _LINE_INCH * len(text.split("\n")) + 2 * _PADDING_INCH


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _patients(count: int) -> str:
    return f"{count} patient{'' if count == 1 else 's'}"
