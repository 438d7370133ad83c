"""The clinical tables as CSV, Markdown and one HTML page with ROC curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from cbvsynth.domain.clinical import (
    CALL_FROM,
    STANDARD,
    ClinicalAnalysis,
    Corrected,
    ReaderAgreement,
    TaskResult,
    TaskTogether,
)
from cbvsynth.domain.options import CovarianceMethod
from cbvsynth.domain.statistics.agreement import agreement_band
from cbvsynth.domain.statistics.multi_reader import MultiReader
from cbvsynth.domain.statistics.roc import PERFECT_NOTE, Auc
from cbvsynth.domain.wording import counted
from cbvsynth.pages.charts.roc import roc_chart
from cbvsynth.pages.tables.formats import DASH, Cell, markdown_table, number, p_text, write_csv
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.html import write_page

TITLE = "Does synthetic CBV help to decide?"

AREA_HEADER = (
    "task", "reader", "n", "yes / no", "AUC without (95 % CI)", "AUC with CBV (95 % CI)", "z", "P",
    "P, corrected",
)  # fmt: skip
GAIN_HEADER = (
    "task", "reader", "NRI", "of yes", "of no", "z", "P", "P, corrected", "IDI", "z", "P", "P, corrected",
)  # fmt: skip
TOGETHER_HEADER = (
    "task", "readers", "n", "mean AUC", "difference (95 % CI)", "F (df)", "P",
    "P, corrected", "P, fixed",
)  # fmt: skip
KAPPA_HEADER = ("task", "readers", "information", "n", "kappa (95 % CI)", "agreement")


def write_clinical(folder: Path, analysis: ClinicalAnalysis, *, about: str, warning: str = "") -> None:
    """Write clinical.csv, readers_together.csv, kappa.csv, clinical.md and clinical.html.

    Args:
        folder: where to.
        analysis: what to tell.
        about: where the reads come from, one sentence.
        warning: what a reader must know before the numbers, such as that readers were simulated.
    """
    write_csv(folder / "clinical.csv", *_result_table(analysis.results))
    write_csv(folder / "readers_together.csv", *_together_table(analysis.together))
    write_csv(folder / "kappa.csv", *_kappa_table(analysis.agreements))
    write_text(folder / "clinical.md", _markdown(analysis, about, warning))
    write_page(
        folder / "clinical.html",
        "pages/templates/clinical.html.j2",
        {
            "title": TITLE,
            "subtitle": about,
            "warning": warning,
            "area_header": AREA_HEADER,
            "areas": [area_cells(result) for result in analysis.results],
            "area_note": area_note(analysis),
            "gain_header": GAIN_HEADER,
            "gains": [gain_cells(result) for result in analysis.results],
            "gain_note": GAIN_NOTE,
            "curves": [
                (task, chart.svg())
                for task in analysis.tasks
                if (chart := roc_chart(task, [row for row in analysis.results if row.task == task]))
            ],
            "together_header": TOGETHER_HEADER,
            "together": [together_cells(row) for row in analysis.together],
            "together_note": together_note(analysis),
            "kappa_header": KAPPA_HEADER,
            "kappas": [kappa_cells(agreement) for agreement in analysis.agreements],
            "kappa_note": KAPPA_NOTE,
            "notes": _notes(analysis),
        },
    )


def area_cells(result: TaskResult) -> list[str]:
    """A row of the first table."""
    return [
        result.task,
        result.reader,
        str(result.examinations),
        f"{result.events} / {result.examinations - result.events}",
        _area(result.standard),
        _area(result.with_cbv),
        number(result.comparison.z if result.comparison else None, 2, signed=True),
        *_p_values(result.p_auc),
    ]


def gain_cells(result: TaskResult) -> list[str]:
    """A row of the second table."""
    nri, idi = result.nri, result.idi
    return [
        result.task,
        result.reader,
        number(nri.nri if nri else None, 3, signed=True),
        number(nri.events if nri else None, 3, signed=True),
        number(nri.non_events if nri else None, 3, signed=True),
        number(nri.z if nri else None, 2, signed=True),
        *_p_values(result.p_nri),
        number(idi.idi if idi else None, 3, signed=True),
        number(idi.z if idi else None, 2, signed=True),
        *_p_values(result.p_idi),
    ]


def together_cells(row: TaskTogether) -> list[str]:
    """A row of the table of all readers."""
    found = row.comparison
    start = [row.task, ", ".join(row.readers), str(row.examinations)]
    if found is None:
        return [*start, *[DASH] * 6]
    test = found.random_readers
    return [
        *start,
        f"{number(found.first_mean, 3)} → {number(found.second_mean, 3)}",
        f"{test.difference:+.3f} ({test.low:+.3f} to {test.high:+.3f})",
        f"{number(test.statistic, 2)} ({_degrees(test.degrees)})",
        *_p_values(row.p_random),
        p_text(found.fixed_readers.p_value),
    ]


def _is_too_sure(found: MultiReader) -> bool:
    return found.interaction < 0 and found.random_readers.p_value < found.fixed_readers.p_value


def _degrees(degrees: float) -> str:
    return number(degrees, 1) if math.isfinite(degrees) else "∞"


def kappa_cells(agreement: ReaderAgreement) -> list[str]:
    """A row of the third table."""
    kappa = agreement.kappa
    return [
        agreement.task,
        " and ".join(agreement.readers),
        agreement.information,
        str(agreement.examinations),
        f"{kappa.kappa:.2f} ({kappa.low:.2f} to {kappa.high:.2f})" if kappa else DASH,
        agreement_band(kappa.kappa) if kappa else DASH,
    ]


def area_note(analysis: ClinicalAnalysis) -> str:
    """How the first table was computed."""
    return (
        f"AUC: area under the ROC curve, from {STANDARD} alone and with the synthetic CBV map beside. CI, z "
        "and P by DeLong's method for correlated curves; a positive z favours synthetic CBV. P, corrected: "
        f"Bonferroni over {counted(len(analysis.tasks), 'task')}. "
        "Examinations are taken as independent."
    ) + (f" {PERFECT_NOTE}" if any(map(_is_perfect, analysis.results)) else "")


def _is_perfect(result: TaskResult) -> bool:
    return any(area is not None and area.is_perfect for area in (result.standard, result.with_cbv))


GAIN_NOTE = (
    "NRI: category-free net reclassification improvement, -2 to 2, the sum of its parts in examinations "
    "whose answer is yes and no. IDI: integrated discrimination improvement. Positive values favour "
    "synthetic CBV. NRI counts any change as a gain or a loss, however small: read it beside the AUC."
)
_TOGETHER_NOTE = (
    "Mean of the readers' AUC, by Obuchowski and Rockette's test with {words} covariances and Hillis's "
    "degrees of freedom (df), on the examinations that all of them read. Difference, F and P speak of "
    "readers and examinations like these; P, fixed, takes the readers as they are. Two or three readers "
    "say little of others."
)
KAPPA_NOTE = (
    f"Cohen's kappa of the readers' calls; a probability of {CALL_FROM:g} or more is a yes. The interval is "
    "that of Fleiss, Cohen and Everitt. Very good from 0.90, good from 0.70, fair from 0.50."
)


def together_note(analysis: ClinicalAnalysis) -> str:
    """What the table of all readers shows, and by which covariances."""
    used = (row.comparison.method for row in analysis.together if row.comparison)
    return _TOGETHER_NOTE.format(words=next(used, CovarianceMethod.DELONG).words)


def _area(area: Auc | None) -> str:
    return f"{area.auc:.3f} ({area.low:.3f} to {area.high:.3f})" if area else DASH


def _p_values(values: Corrected | None) -> tuple[str, str]:
    return (p_text(values.p_value), p_text(values.corrected)) if values else (DASH, DASH)


def _notes(analysis: ClinicalAnalysis) -> list[str]:
    found = [note for result in analysis.results for note in result.notes]
    for row in analysis.together:
        if row.note:
            found.append(f"{row.task}, all readers: {row.note}")
        if row.comparison and _is_too_sure(row.comparison):
            found.append(
                f"{row.task}, all readers: they differ less from each other than the examinations alone let "
                "expect, so that P for readers like these is too small; P, fixed, is the safer one."
            )
        if row.left_out:
            found.append(
                f"{row.task}, all readers: {counted(row.left_out, 'examination')} left out that not all of "
                "them read."
            )
    found += [
        f"{row.task}, {' and '.join(row.readers)}, kappa, {row.information}: {row.note}"
        for row in analysis.agreements
        if row.note
    ]
    return found


def _markdown(analysis: ClinicalAnalysis, about: str, warning: str) -> str:
    parts = [f"# {TITLE}", about, f"> {RESEARCH_NOTE}"]
    if warning:
        parts.append(f"> **{warning}**")
    parts += ["## Discrimination", markdown_table(AREA_HEADER, map(area_cells, analysis.results), left=2)]
    parts += [area_note(analysis), "## Reclassification"]
    parts += [markdown_table(GAIN_HEADER, map(gain_cells, analysis.results), left=2), GAIN_NOTE]
    if analysis.together:
        rows = map(together_cells, analysis.together)
        parts += [
            "## All readers together",
            markdown_table(TOGETHER_HEADER, rows, left=2),
            together_note(analysis),
        ]
    if analysis.agreements:
        rows = map(kappa_cells, analysis.agreements)
        parts += ["## Agreement of readers", markdown_table(KAPPA_HEADER, rows, left=3), KAPPA_NOTE]
    if notes := _notes(analysis):
        parts += ["## To bear in mind", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def _result_table(results: Sequence[TaskResult]) -> tuple[list[str], list[list[Cell]]]:
    header = ["task", "reader", "examinations", "events"]
    for name in ("standard", "with_cbv"):
        header += [f"auc_{name}", f"auc_{name}_low", f"auc_{name}_high"]
    header += ["auc_z", "auc_p", "auc_p_corrected"]
    header += ["nri", "nri_events", "nri_non_events", "nri_se", "nri_z", "nri_p", "nri_p_corrected"]
    header += ["idi", "idi_se", "idi_z", "idi_p", "idi_p_corrected"]
    rows: list[list[Cell]] = []
    for result in results:
        row: list[Cell] = [result.task, result.reader, result.examinations, result.events]
        for area in (result.standard, result.with_cbv):
            row += [area.auc, area.low, area.high] if area else [None] * 3
        row += [result.comparison.z if result.comparison else None, *_exact(result.p_auc)]
        nri, idi = result.nri, result.idi
        row += [nri.nri, nri.events, nri.non_events, nri.standard_error, nri.z] if nri else [None] * 5
        row += _exact(result.p_nri)
        row += [idi.idi, idi.standard_error, idi.z] if idi else [None] * 3
        row += _exact(result.p_idi)
        rows.append(row)
    return header, rows


def _exact(values: Corrected | None) -> list[Cell]:
    return [values.p_value, values.corrected] if values else [None, None]


def _together_table(together: Sequence[TaskTogether]) -> tuple[list[str], list[list[Cell]]]:
    header = ["task", "readers", "examinations", "left_out", "mean_auc_standard", "mean_auc_with_cbv"]
    header += ["error_variance", "cov1", "cov2", "cov3", "difference"]
    for name in ("random", "fixed"):
        header += [f"{name}_low", f"{name}_high", f"{name}_statistic", f"{name}_p", f"{name}_p_corrected"]
    header.append("hillis_degrees")
    rows: list[list[Cell]] = []
    for row in together:
        found = row.comparison
        cells: list[Cell] = [row.task, len(row.readers), row.examinations, row.left_out]
        if found is None:
            rows.append([*cells, *[None] * (len(header) - len(cells))])
            continue
        shared = found.covariances
        cells += [found.first_mean, found.second_mean, shared.variance, shared.same_reader]
        cells += [shared.same_reading, shared.neither, found.random_readers.difference]
        for test, p_values in ((found.random_readers, row.p_random), (found.fixed_readers, row.p_fixed)):
            cells += [test.low, test.high, test.statistic, *_exact(p_values)]
        rows.append([*cells, found.random_readers.degrees])
    return header, rows


def _kappa_table(agreements: Sequence[ReaderAgreement]) -> tuple[list[str], list[list[Cell]]]:
    header = ["task", "reader_1", "reader_2", "information", "examinations", "kappa", "low", "high"]
    return header, [
        [
            row.task,
            *row.readers,
            row.information,
            row.examinations,
            *([row.kappa.kappa, row.kappa.low, row.kappa.high] if row.kappa else [None] * 3),
        ]
        for row in agreements
    ]
