"""What readers' scores say, as CSV, Markdown and one HTML page; consensus apart from first scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.consensus import Disputed, FinalScores, final_scores
from cbvsynth.domain.reader_study import StudyResult
from cbvsynth.domain.reading_forms import POINTS, Form
from cbvsynth.domain.statistics.agreement import agreement_band
from cbvsynth.domain.wording import counted
from cbvsynth.pages.charts.reader_scores import score_chart
from cbvsynth.pages.tables.formats import DASH, markdown_table, number, p_text, write_csv
from cbvsynth.records.ratings import CONSENSUS_COLUMNS
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.html import write_page

TITLE = "How good do the maps look?"
COMPARISON_HEADER = ("criterion", "median difference", "pairs that differ", "equal", "P (Wilcoxon)")
FINAL_NOTE = (
    "One score for each map: the readers' first one where all of them gave the same, else the one that "
    "they settled on. Agreement above is of first scores only, which are kept as they were."
)


@dataclass(frozen=True)
class FormResult:
    """First scores of a form, and what was settled afterwards."""

    first: StudyResult
    agreed: Mapping[Disputed, int]

    @property
    def final(self) -> tuple[FinalScores, ...]:
        """One score for each map; none before anything was settled."""
        return final_scores(self.first, self.agreed) if self.agreed else ()


def write_results(folder: Path, results: Sequence[FormResult], *, study: str, apart: int) -> None:
    """Write results.html, results.md, distribution.csv, consensus.csv and, after a discussion, final.csv.

    Raises:
        DataError: a consensus is of a map on which nothing was to be settled.
    """
    finals = [row for result in results for row in result.final]
    readers = tuple(dict.fromkeys(name for result in results for name in result.first.readers))
    write_csv(
        folder / "distribution.csv",
        ("criterion", "map", *(f"count_{point}" for point in range(POINTS)), "mean", "r_wg"),
        [
            (row.criterion.key, row.kind.value, *row.counts, row.mean, row.agreement)
            for result in results
            for row in result.first.distributions
        ],
    )
    write_csv(
        folder / "consensus.csv",
        consensus_header(readers),
        [row for result in results for row in consensus_rows(result, readers)],
    )
    if finals:
        write_csv(
            folder / "final.csv",
            (
                "criterion",
                "map",
                *(f"count_{point}" for point in range(POINTS)),
                "discussed",
                "unsettled",
                "mean",
            ),
            [
                (row.criterion.key, row.kind.value, *row.counts, row.discussed, row.unsettled, row.mean)
                for row in finals
            ],
        )
    forms = [_form(result, apart) for result in results]
    subtitle = f"Study {study}: {counted(len(readers), 'reader')}; {_scored(results)}."
    write_text(folder / "results.md", _markdown(forms, subtitle))
    write_page(
        folder / "results.html",
        "pages/templates/reader_results.html.j2",
        {"title": TITLE, "subtitle": subtitle, "forms": forms, "comparison_header": COMPARISON_HEADER},
    )


def distribution_header(form: Form) -> tuple[str, ...]:
    """Of first scores; the words of the form's scale stand in it."""
    return ("criterion", "map", *_scale(form), "mean", "r_wg", "agreement")


def final_header(form: Form) -> tuple[str, ...]:
    """Of scores after discussion."""
    return ("criterion", "map", *_scale(form), "mean", "discussed", "not settled")


def consensus_header(readers: Sequence[str]) -> tuple[str, ...]:
    """Of the table of maps to be discussed; its last column is for the readers to fill in."""
    *names, consensus = CONSENSUS_COLUMNS
    return (*names, *(f"reader {reader}" for reader in readers), consensus)


def distribution_rows(result: StudyResult) -> list[tuple[str, ...]]:
    """One row for each criterion and kind of map."""
    return [
        (
            row.criterion.title,
            row.kind.value,
            *map(str, row.counts),
            number(row.mean, 2),
            number(row.agreement, 2),
            agreement_band(row.agreement),
        )
        for row in result.distributions
    ]


def comparison_rows(result: StudyResult) -> list[tuple[str, ...]]:
    """One row for each criterion."""
    titles = {criterion.key: criterion.title for criterion in result.form.criteria}
    return [
        (
            titles[key],
            number(test.median_difference, 2, signed=True),
            str(test.pairs),
            str(test.zeros),
            p_text(test.p_value),
        )
        for key, test in result.real_against_synthetic.items()
    ]


def consensus_rows(result: FormResult, readers: Sequence[str]) -> list[tuple[str, ...]]:
    """One row for each map and criterion that readers must discuss, the furthest apart first.

    What was settled although readers lay less far apart follows, so that nothing of it is lost.
    """
    first, titles = result.first, {one.key: one.title for one in result.first.form.criteria}
    given = {
        (one.exam_id, one.kind, key): dict(zip(first.readers, scores, strict=True))
        for one in first.scored
        for key, scores in one.scores.items()
    }
    places = dict.fromkeys((row.exam_id, row.kind, row.criterion.key) for row in first.consensus)
    return [
        (
            *(place[0], place[1].value, titles[place[2]]),
            *(str(given[place].get(reader, "")) for reader in readers),
            str(result.agreed.get(place, "")),
        )
        for place in (places | dict.fromkeys(one for one in result.agreed if one in given))
    ]


def final_rows(result: FormResult) -> list[tuple[str, ...]]:
    """One row for each criterion and kind of map, of scores after discussion."""
    return [
        (
            row.criterion.title,
            row.kind.value,
            *map(str, row.counts),
            number(row.mean, 2),
            str(row.discussed),
            str(row.unsettled),
        )
        for row in result.final
    ]


def _scale(form: Form) -> tuple[str, ...]:
    return tuple(f"{point} {word}" for point, word in enumerate(form.scale))


def _scored(results: Sequence[FormResult]) -> str:
    parts = [
        f"{counted(one.first.maps, 'map')} scored by all of them"
        + (f" ({one.first.form.key})" if len(results) > 1 else "")
        for one in results
    ]
    return ", ".join(parts)


@dataclass(frozen=True)
class _FormTables:
    """What page and Markdown show of one form."""

    key: str
    title: str
    chart: object
    distribution: tuple[tuple[str, ...], list[tuple[str, ...]]]
    comparison: list[tuple[str, ...]]
    consensus: tuple[tuple[str, ...], list[tuple[str, ...]]]
    final: tuple[tuple[str, ...], list[tuple[str, ...]]]
    notes: Mapping[str, str]


def _form(result: FormResult, apart: int) -> _FormTables:
    first = result.first
    return _FormTables(
        key=first.form.key,
        title=first.form.title,
        chart=score_chart(first.distributions, first.form).svg(),
        distribution=(distribution_header(first.form), distribution_rows(first)),
        comparison=comparison_rows(first),
        consensus=(consensus_header(first.readers), consensus_rows(result, first.readers)),
        final=(final_header(first.form), final_rows(result)),
        notes=_notes(first, apart),
    )


def _markdown(forms: Sequence[_FormTables], subtitle: str) -> str:
    parts = [f"# {TITLE}", subtitle, f"> {RESEARCH_NOTE}"]
    for form in forms:
        header, rows = form.distribution
        parts += [f"## {form.title}", markdown_table(header, rows, left=2), form.notes["scores"]]
        if form.comparison:
            parts += ["### Real against synthetic", markdown_table(COMPARISON_HEADER, form.comparison)]
            parts += [form.notes["comparison"]]
        parts += ["### To be discussed", form.notes["consensus"]]
        header, rows = form.consensus
        if rows:
            parts.append(markdown_table(header, rows, left=3))
        header, rows = form.final
        if rows:
            parts += ["### After discussion", markdown_table(header, rows, left=2), FINAL_NOTE]
    return "\n\n".join(parts) + "\n"


def _notes(result: StudyResult, apart: int) -> dict[str, str]:
    joint = "; ".join(f"{kind.value} {value:.2f}" for kind, value in result.joint_agreement.items())
    left_out = ""
    if result.left_out:
        left_out = f" Left out, because not every reader scored them: {counted(result.left_out, 'map')}."
    criteria = len(result.form.criteria)
    return {
        "scores": (
            "How often each score was first given, by all readers together. r_wg: within-group agreement "
            "of James, Demaree and Wolf, mean over maps; very good from 0.90, good from 0.70, fair from "
            f"0.50. r_wg(J) of the {criteria} criteria taken together: {joint or DASH}.{left_out}"
        ),
        "comparison": (
            "Real minus synthetic, each patient's mean over readers and examinations; P two-sided, not "
            f"corrected for {criteria} criteria."
        ),
        "consensus": (
            f"{counted(len(result.consensus), 'score')} in which readers differ by "
            f"{counted(apart, 'point')} or more"
            + (", the furthest apart first." if result.consensus else ".")
        ),
        "final": FINAL_NOTE,
    }
