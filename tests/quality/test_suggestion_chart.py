"""The picture of suggested limits: a strip for each limit that was learned."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.quality.limits import Limits
from cbvsynth.quality.suggestion import propose
from cbvsynth.quality.suggestion_chart import suggestion_chart
from cbvsynth.quality.survey import Survey


def test_every_learned_limit_has_a_strip_with_its_examinations_and_both_limits(tmp_path: Path) -> None:
    measured = [
        Survey(f"e{number}", {"snr": 30.0 + number, "ghost_ratio": 0.001 * number}) for number in range(12)
    ]
    chart = suggestion_chart(propose(measured, Limits()))

    titles = [axis.get_title(loc="left") for axis in chart.figure.axes]
    assert [title.split(":")[0] for title in titles] == ["ghost_ratio_max", "snr_min"]
    assert [len(axis.lines[0].get_xdata()) for axis in chart.figure.axes] == [12, 12]
    assert chart.figure.axes[1].lines[1].get_xdata()[0] == Limits().snr_min
    assert "12 values from 30 to 41" in chart.description
    for name in ("one.png", "two.png"):
        chart.save_png(tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_nothing_learned_is_said() -> None:
    measured = [Survey(f"e{number}", {"matrix": 64.0}) for number in range(10)]

    assert suggestion_chart(propose(measured, Limits())).description == "Nothing was learned."
