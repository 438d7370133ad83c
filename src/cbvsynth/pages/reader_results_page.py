"""What readers' scores say, as CSV, Markdown and one HTML page."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.domain.reader_study import CRITERIA, SCALE, StudyResult
from cbvsynth.domain.statistics.agreement import agreement_band
from cbvsynth.domain.wording import counted
from cbvsynth.pages.charts.reader_scores import score_chart
from cbvsynth.pages.tables.formats import DASH, markdown_table, number, p_text, write_csv
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.html import write_page

TITLE = "How good do the maps look?"

DISTRIBUTION_HEADER = (
    "criterion", "map", *(f"{point} {word}" for point, word in enumerate(SCALE)), "mean", "r_wg", "agreement",
)  # fmt: skip
COMPARISON_HEADER = ("criterion", "median difference", "pairs that differ", "equal", "P (Wilcoxon)")


def write_results(folder: Path, result: StudyResult, *, study: str, apart: int) -> None:
    """Write results.html, results.md, distribution.csv and consensus.csv."""
    distribution, comparison, consensus = (
        distribution_rows(result),
        comparison_rows(result),
        consensus_rows(result),
    )
    notes = _notes(result, apart)
    header = ("examination", "map", "criterion", *(f"reader {reader}" for reader in result.readers))
    write_csv(
        folder / "distribution.csv",
        ("criterion", "map", *(f"count_{point}" for point in range(len(SCALE))), "mean", "r_wg"),
        [
            (row.criterion.key, row.kind.value, *row.counts, row.mean, row.agreement)
            for row in result.distributions
        ],
    )
    write_csv(folder / "consensus.csv", header, consensus)
    readers, maps = counted(len(result.readers), "reader"), counted(result.maps, "map")
    subtitle = f"Study {study}: {readers}, {maps} scored by all of them."
    parts = [f"# {TITLE}", subtitle, f"> {RESEARCH_NOTE}", "## Scores"]
    parts += [markdown_table(DISTRIBUTION_HEADER, distribution, left=2), notes["scores"]]
    if comparison:
        parts += ["## Real against synthetic", markdown_table(COMPARISON_HEADER, comparison)]
        parts += [notes["comparison"]]
    parts += ["## To be discussed", notes["consensus"]]
    if consensus:
        parts.append(markdown_table(header, consensus, left=3))
    write_text(folder / "results.md", "\n\n".join(parts) + "\n")
    write_page(
        folder / "results.html",
        "pages/templates/reader_results.html.j2",
        {
            "title": TITLE,
            "subtitle": subtitle,
            "chart": score_chart(result.distributions).svg(),
            "distribution_header": DISTRIBUTION_HEADER,
            "distribution": distribution,
            "comparison_header": COMPARISON_HEADER,
            "comparison": comparison,
            "consensus_header": header,
            "consensus": consensus,
            "notes": notes,
        },
    )


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
    titles = {criterion.key: criterion.title for criterion in CRITERIA}
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


def consensus_rows(result: StudyResult) -> list[tuple[str, ...]]:
    """One row for each map and criterion that readers must discuss, the furthest apart first."""
    return [
        (row.exam_id, row.kind.value, row.criterion.title, *(str(row.scores[one]) for one in result.readers))
        for row in result.consensus
    ]


def _notes(result: StudyResult, apart: int) -> dict[str, str]:
    joint = "; ".join(f"{kind.value} {value:.2f}" for kind, value in result.joint_agreement.items())
    left_out = ""
    if result.left_out:
        left_out = f" Left out, because not every reader scored them: {counted(result.left_out, 'map')}."
    return {
        "scores": (
            "How often each score was given, by all readers together. r_wg: within-group agreement of James, "
            "Demaree and Wolf, mean over maps; very good from 0.90, good from 0.70, fair from 0.50. r_wg(J) "
            f"of the {len(CRITERIA)} criteria taken together: {joint or DASH}.{left_out}"
        ),
        "comparison": (
            "Real minus synthetic, each patient's mean over readers and examinations; P two-sided, not "
            f"corrected for {len(CRITERIA)} criteria."
        ),
        "consensus": (
            f"{counted(len(result.consensus), 'score')} in which readers differ by {apart} points or more"
            + (", the furthest apart first." if result.consensus else ".")
        ),
    }
