"""ROC curves of a task: one pair of lines a reader, without and with synthetic CBV."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from cbvsynth.domain.clinical import STANDARD, WITH_CBV, TaskResult
from cbvsynth.pages.colours import FAINT, GROUP_COLOURS
from cbvsynth.pages.svg import Plot, Scale
from cbvsynth.pages.tables import number

_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DASHES = "5 4"


def roc_chart(task: str, results: Sequence[TaskResult]) -> Markup | None:
    """The curves of a task's readers; None where no reader has both events and non-events.

    Solid lines are with synthetic CBV and dashed ones without, so that the two are told apart in grey.
    """
    drawn = [result for result in results if result.curves]
    if not drawn:
        return None
    plot = Plot(
        Scale("1 − specificity", 0.0, 1.0, _TICKS),
        Scale("Sensitivity", 0.0, 1.0, _TICKS),
        title=f"ROC curves: {task}",
        description="; ".join(_words(result) for result in drawn),
        width=420,
        height=400,
    )
    plot.line([(0.0, 0.0), (1.0, 1.0)], colour=FAINT, width=1.2)
    legend = []
    for colour, result in zip(GROUP_COLOURS * len(drawn), drawn, strict=False):
        assert result.curves is not None
        for curve, dashes in zip(result.curves, (_DASHES, ""), strict=True):
            points = list(zip(curve.false_positive, curve.true_positive, strict=True))
            plot.line(points, colour=colour, width=2.0, dashes=dashes)
        assert result.standard is not None
        assert result.with_cbv is not None
        legend.append(("-", colour, f"{result.reader}, with CBV: {number(result.with_cbv.auc, 3)}"))
        legend.append((f"-{_DASHES}", colour, f"{result.reader}, without: {number(result.standard.auc, 3)}"))
    plot.legend(legend)
    return plot.markup()


def _words(result: TaskResult) -> str:
    assert result.standard is not None
    assert result.with_cbv is not None
    return (
        f"{result.reader}: area {result.standard.auc:.3f} with {STANDARD}, "
        f"{result.with_cbv.auc:.3f} with {WITH_CBV}"
    )
