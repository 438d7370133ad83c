"""ROC curves of a task: one pair of lines for each reader, without and with synthetic CBV."""

from __future__ import annotations

from collections.abc import Sequence

from cbvsynth.domain.clinical import STANDARD, WITH_CBV, TaskResult
from cbvsynth.pages.tables.formats import number
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import FAINT, GROUP_COLOURS

_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def roc_chart(task: str, results: Sequence[TaskResult]) -> Chart | None:
    """The curves of a task's readers; None where no reader has both events and non-events.

    Solid lines are with synthetic CBV and dashed ones without, so that the two are told apart in grey.
    """
    from matplotlib.figure import Figure

    drawn = [result for result in results if result.curves]
    if not drawn:
        return None
    with house_style():
        figure = Figure(figsize=(4.6, 4.4), layout="constrained")
        ax = figure.subplots()
        ax.grid(axis="y", color=FAINT, linewidth=0.6)
        ax.plot((0, 1), (0, 1), color=FAINT, linewidth=1.2)
        for place, result in enumerate(drawn):
            assert result.curves is not None
            assert result.standard is not None
            assert result.with_cbv is not None
            colour = GROUP_COLOURS[place % len(GROUP_COLOURS)]
            without, with_cbv = result.curves
            for curve, dashes, words in (
                (with_cbv, "-", f"with CBV: {number(result.with_cbv.auc, 3)}"),
                (without, "--", f"without: {number(result.standard.auc, 3)}"),
            ):
                ax.plot(
                    curve.false_positive,
                    curve.true_positive,
                    color=colour,
                    linestyle=dashes,
                    linewidth=2.0,
                    clip_on=False,
                    label=f"{result.reader}, {words}",
                )
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=_TICKS, yticks=_TICKS)
        ax.set_xlabel("1 − specificity")
        ax.set_ylabel("Sensitivity")
        ax.legend(loc="lower right", fontsize=9)
    return Chart(figure, f"ROC curves: {task}", "; ".join(_words(result) for result in drawn))


def _words(result: TaskResult) -> str:
    assert result.standard is not None
    assert result.with_cbv is not None
    return (
        f"{result.reader}: area {result.standard.auc:.3f} with {STANDARD}, "
        f"{result.with_cbv.auc:.3f} with {WITH_CBV}"
    )
