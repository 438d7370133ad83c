"""Prognosis as CSV, Markdown and one HTML page with Kaplan-Meier curves."""

from __future__ import annotations

import math
from pathlib import Path

from cbvsynth.domain.wording import counted
from cbvsynth.pages.charts.kaplan_meier import kaplan_meier_chart, title_of
from cbvsynth.pages.tables import prognosis as rows
from cbvsynth.pages.tables.formats import markdown_table, write_csv
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.survival.prognosis import CLINICAL, Prognosis
from cbvsynth.theme.html import write_page

TITLE = "Does CBV tell prognosis?"
GROUP_NOTE = (
    "Halves by the median of the lesion's mean CBV, chosen without regard to survival. Kaplan-Meier; "
    "intervals by log(-log S); the interval of a median is Brookmeyer and Crowley's."
)
RATIO_NOTE = (
    "Cox models, equal times by Efron. A hazard ratio is of one unit more of the covariate: of CBV one "
    "unit of the map, of age one year. P by Wald's test. P, proportional: the score test of an effect that "
    "changes over time; a small one says that the hazard ratio is not one number, a large one with few "
    "events says little."
)
MODEL_NOTE = (
    f"χ² (degrees of freedom) and P of the likelihood ratio: of CBV beside the {CLINICAL} where there are "
    "such, otherwise against a model without any covariate. C: Harrell's, interval by the infinitesimal "
    "jackknife. AUC: cumulative and dynamic, weighted for censoring; who had the event by then against who "
    "was followed beyond."
)
DIFFERENCE_NOTE = (
    "What changes from the first model to the second, on the same patients; positive values favour the "
    "second. C: jackknife of both; AUC, NRI (category-free) and IDI at the horizon: weighted for "
    "censoring, by influence functions that hold the weights' own uncertainty. P is not corrected for the "
    "number of comparisons. The models were fitted to the patients that they are judged on, which flatters "
    "the larger one: whether CBV belongs into the model is answered by the likelihood ratio above."
)


def write_prognosis(
    folder: Path, result: Prognosis, *, about: str, unit: str = "mL/100 g", warning: str = ""
) -> None:
    """Write prognosis.html, prognosis.md, cox.csv, models.csv, differences.csv and curves.csv.

    Args:
        folder: where to.
        result: what to tell.
        about: where the table comes from, one sentence.
        unit: of CBV, in words.
        warning: what a reader must know before the numbers, such as that survival was simulated.
    """
    write_csv(folder / "cox.csv", rows.COX_CSV, rows.cox_csv(result))
    write_csv(folder / "models.csv", rows.MODEL_CSV, rows.model_csv(result))
    write_csv(folder / "differences.csv", rows.DIFFERENCE_CSV, rows.difference_csv(result))
    write_csv(folder / "curves.csv", rows.CURVE_CSV, rows.curve_csv(result))
    write_text(folder / "prognosis.md", _markdown(result, about, unit, warning))
    write_page(
        folder / "prognosis.html",
        "pages/templates/prognosis.html.j2",
        {
            "title": TITLE,
            "subtitle": f"{about} {summary(result)}",
            "warning": warning,
            "curves": [(title_of(split), kaplan_meier_chart(split, unit).svg()) for split in result.splits],
            "tables": _tables(result, unit),
            "notes": result.notes,
        },
    )


def summary(result: Prognosis) -> str:
    """Who was followed for how long, one or two sentences."""
    left_out = (
        f" {counted(result.left_out, 'patient')} left out, with something missing." if result.left_out else ""
    )
    unit = " months" if math.isfinite(result.follow_up_months) else ""
    return (
        f"{counted(result.patients, 'patient')}, {counted(result.events, 'event')}, median follow-up "
        f"{rows.months(result.follow_up_months)}{unit}.{left_out}"
    )


def _tables(
    result: Prognosis, unit: str
) -> list[tuple[str, str, tuple[str, ...], list[list[str]], int, str]]:
    """Id, heading, header, rows, columns of words, note; those without a row are left out."""
    found = [
        (
            "groups",
            "Survival by halves of CBV",
            rows.GROUP_HEADER,
            rows.group_rows(result, unit),
            2,
            GROUP_NOTE,
        ),
        ("ratios", "Hazard ratios", rows.RATIO_HEADER, rows.ratio_rows(result), 2, RATIO_NOTE),
        ("models", "Models", rows.model_header(result), rows.model_rows(result), 1, MODEL_NOTE),
        (
            "differences",
            "What changes",
            rows.DIFFERENCE_HEADER,
            rows.difference_rows(result),
            2,
            DIFFERENCE_NOTE,
        ),
    ]
    return [table for table in found if table[3]]


def _markdown(result: Prognosis, about: str, unit: str, warning: str) -> str:
    parts = [f"# {TITLE}", f"{about} {summary(result)}", f"> {RESEARCH_NOTE}"]
    if warning:
        parts.append(f"> **{warning}**")
    for _, heading, header, cells, left, note in _tables(result, unit):
        parts += [f"## {heading}", markdown_table(header, cells, left=left), note]
    if result.notes:
        parts += ["## To bear in mind", "\n".join(f"- {note}" for note in result.notes)]
    return "\n\n".join(parts) + "\n"
