"""Table 1 as a page, as Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cbvsynth.domain.cohort import EXCLUDED, FOUND, GROUPS, INCLUDED, Cohort, Spread
from cbvsynth.domain.splits import HELD_OUT, TRAIN
from cbvsynth.domain.wording import counted
from cbvsynth.pages.tables.formats import DASH, markdown_table, mean_sd, p_text, write_csv
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.html import write_page

TITLE = "Table 1: the cohort"
PAGE, MARKDOWN, CSV = "table1.html", "table1.md", "table1.csv"
_NAMES = {FOUND: "found", EXCLUDED: "excluded", INCLUDED: "included", TRAIN: "training", HELD_OUT: "held out"}
HEADER = ("", *(_NAMES[group] for group in GROUPS), "P", "test")
_INDENT = "\N{EM SPACE}"


def write_table1(folder: Path, cohort: Cohort) -> None:
    """Write table1.html, table1.md and table1.csv."""
    rows = table1_rows(cohort)
    note = table1_note(cohort)
    write_csv(folder / CSV, ("quantity", *HEADER[1:]), [[row[0].strip(), *row[1:]] for row in rows])
    parts = (f"# {TITLE}", f"> {RESEARCH_NOTE}", markdown_table(HEADER, rows), note)
    write_text(folder / MARKDOWN, "\n\n".join(parts) + "\n")
    write_page(
        folder / PAGE,
        "pages/templates/cohort.html.j2",
        {
            "title": TITLE,
            "subtitle": (
                f"{counted(cohort.examinations[INCLUDED], 'examination')} of "
                f"{counted(cohort.patients[INCLUDED], 'patient')}, of {cohort.examinations[FOUND]} found."
            ),
            "header": HEADER,
            "rows": rows,
            "note": note,
        },
    )


def table1_rows(cohort: Cohort) -> list[tuple[str, ...]]:
    """Every row as people read it."""
    return [
        _row("examinations", {group: str(count) for group, count in cohort.examinations.items()}),
        _row("patients", {group: str(count) for group, count in cohort.patients.items()}),
        *_spread_rows(cohort, "examinations per patient", "examinations_per_patient", digits=1),
        *_spread_rows(cohort, "age, years", "age", digits=0),
        *_level_rows(cohort, "sex"),
        *_level_rows(cohort, "diagnosis"),
    ]


def table1_note(cohort: Cohort) -> str:
    """What the table counts, and what the tests ask."""
    both = cohort.patients_on_both_sides
    tests = (
        f"No test: {counted(both, 'patient')} {'is' if both == 1 else 'are'} on both sides of the split."
        if both
        else "P: training against held out, two-sided, patients as independent, uncorrected: Welch's t test, "
        "Wilcoxon's rank sum test, Fisher's exact test, Pearson's chi-squared test. Those who are missing "
        "take no part. A random split differs by chance alone, so that a small P in one row means little."
    )
    approximate = sorted({found.note for found in cohort.differences.values()} - {""})
    marked = f" *: {'; '.join(approximate)}." if approximate else ""
    return (
        "Patients, number (per cent of the column), but for the first row; mean ± SD (least to largest). "
        "What is "
        "said of a patient is what the first examination of the column says; whoever has examinations in two "
        f"columns counts in both. {tests}{marked}"
    )


def _row(name: str, cells: Mapping[str, str], test: Sequence[str] = ("", "")) -> tuple[str, ...]:
    return (name, *(cells[group] for group in GROUPS), *test)


def _spread_rows(cohort: Cohort, name: str, quantity: str, *, digits: int) -> list[tuple[str, ...]]:
    spreads: Mapping[str, Spread] = getattr(cohort, quantity)
    rows = [
        _row(name, {group: _shown(one, digits) for group, one in spreads.items()}, _test(cohort, quantity))
    ]
    missing = {group: cohort.patients[group] - one.patients for group, one in spreads.items()}
    if missing[FOUND]:
        rows.append(
            _row(
                f"{_INDENT}missing", {group: _share(cohort, group, count) for group, count in missing.items()}
            )
        )
    return rows


def _level_rows(cohort: Cohort, quantity: str) -> list[tuple[str, ...]]:
    levels: Mapping[str, Mapping[str, int]] = getattr(cohort, quantity)
    rows = [_row(quantity, dict.fromkeys(GROUPS, ""), _test(cohort, quantity))]
    for level in levels[FOUND]:
        cells = {group: _share(cohort, group, levels[group][level]) for group in GROUPS}
        rows.append(_row(f"{_INDENT}{level}", cells))
    return rows


def _shown(spread: Spread, digits: int) -> str:
    if spread.mean is None or spread.low is None or spread.high is None:
        return DASH
    sd = float("nan") if spread.sd is None else spread.sd
    return f"{mean_sd(spread.mean, sd, max(1, digits))} ({spread.low:.0f} to {spread.high:.0f})"


def _share(cohort: Cohort, group: str, count: int) -> str:
    total = cohort.patients[group]
    return f"{count} ({100 * count / total:.0f} %)" if total else DASH


def _test(cohort: Cohort, quantity: str) -> tuple[str, str]:
    found = cohort.differences.get(quantity)
    if found is None:
        return DASH, DASH
    return p_text(found.p_value), f"{found.test}{'*' if found.note else ''}"
