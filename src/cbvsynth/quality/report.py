"""The report of validate: one self-contained page, the same in Markdown, and a summary for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from cbvsynth import __version__
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, PAPER_SEQUENCES
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.quality.checks import RangeCheck, measurement_checks, shown
from cbvsynth.quality.flow_chart import flow_chart, flow_text, write_flow_chart
from cbvsynth.quality.limits import Limits, LimitsInUse
from cbvsynth.quality.outcome import Judged, Outcome
from cbvsynth.records.decisions import write_decisions
from cbvsynth.records.storage import atomic_file, write_json, write_text
from cbvsynth.study.manifest import Manifest
from cbvsynth.theme.html import rendered

SUMMARY_FORMAT = 1


@dataclass(frozen=True)
class CheckRow:
    """One check over the whole study: its limit and what was measured, as text."""

    title: str
    group: str
    interval: str
    judged: int
    failed: int
    lowest: str
    middle: str
    highest: str


@dataclass(frozen=True)
class Cell:
    """One measured number of one examination, as text; `state` is pass, fail or none."""

    text: str
    state: str


@dataclass(frozen=True)
class ExaminationRow:
    """One examination in the report."""

    exam_id: str
    status: str
    sequences: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    named_warnings: tuple[str, ...]
    cells: tuple[Cell, ...]


def write_outputs(folder: Path, manifest: Manifest, outcome: Outcome, in_use: LimitsInUse) -> None:
    """Write every file of the step; the same study and limits give the same bytes."""
    limits = in_use.limits
    write_decisions(folder / "examinations.csv", [one.decision for one in outcome.judged])
    _write_measurements(folder / "measurements.csv", outcome, limits)
    write_flow_chart(folder, outcome.flow)
    write_json(folder / "summary.json", summary(manifest, outcome, in_use))
    content = _content(manifest, outcome, in_use)
    for name in ("report.md", "report.html"):
        write_text(folder / name, rendered(f"quality/templates/{name}.j2", content))


def summary(manifest: Manifest, outcome: Outcome, in_use: LimitsInUse) -> dict[str, object]:
    """The study in numbers, for programs; nothing in it is a path or a date."""
    flow = outcome.flow
    accepted = [one for one in outcome.judged if one.group is None]
    return {
        "format": SUMMARY_FORMAT,
        "cbvsynth_version": __version__,
        "layout": manifest.layout.value,
        "recognised_because": manifest.recognised_because,
        "target_unit": outcome.judged[0].examination.target_unit.value if outcome.judged else "",
        "examinations_found": flow.examinations_found,
        "patients_found": flow.patients_found,
        "examinations_accepted": flow.examinations_accepted,
        "patients_accepted": flow.patients_accepted,
        "examinations_dropped": flow.examinations_dropped,
        "dropped_share": round(flow.dropped_share, 6),
        "dropped_by_group": {group.value: count for group, count in flow.dropped},
        "accepted_with_sequence": {
            sequence.value: count
            for sequence in Mri
            if (count := sum(sequence in one.examination.inputs for one in accepted))
            or sequence not in OPTIONAL_SEQUENCES
        },
        "files_left_out_of_the_list": len(manifest.left_out),
        "warnings": len(outcome.warnings),
        "limits": asdict(in_use.limits),
        "limits_learned": asdict(in_use.learned),
        "limits_still_default": list(in_use.still_default()),
    }


def _write_measurements(path: Path, outcome: Outcome, limits: Limits) -> None:
    columns = [check.column for check in measurement_checks(limits)]
    lines = [",".join(["exam_id", *columns])]
    lines += [
        ",".join([one.examination.exam_id, *(_csv_number(one.survey.value(column)) for column in columns)])
        for one in outcome.judged
    ]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _content(manifest: Manifest, outcome: Outcome, in_use: LimitsInUse) -> Mapping[str, object]:
    checks = measurement_checks(in_use.limits)
    rows = [_examination_row(one, checks) for one in outcome.judged]
    layout = "a manifest of its own" if manifest.layout.value == "auto" else manifest.layout.value
    unit = outcome.judged[0].examination.target_unit.value if outcome.judged else ""
    return {
        "title": "Data checks",
        "subtitle": f"Study: {layout} ({manifest.recognised_because}). CBV in {unit}.",
        "flow": outcome.flow,
        "flow_text": flow_text(outcome.flow),
        "flow_chart": flow_chart(outcome.flow),
        "sequences": summary(manifest, outcome, in_use)["accepted_with_sequence"],
        "labels": {sequence.value: sequence.label for sequence in Mri},
        "left_out": manifest.left_out,
        "study_warnings": outcome.study_warnings,
        "limits_rest_on": in_use.sentences(),
        "warnings": len(outcome.warnings),
        "checks": [_check_row(check, outcome) for check in checks],
        "columns": checks,
        "rows": rows,
        "dropped": [row for row in rows if row.reasons],
        "warned": [row for row in rows if row.warnings],
    }


def _check_row(check: RangeCheck, outcome: Outcome) -> CheckRow:
    values = [one.survey.value(check.column) for one in outcome.judged if one.group is None]
    known = [value for value in values if not math.isnan(value)]
    every = [one.survey.value(check.column) for one in outcome.judged]
    lowest, middle, highest = (
        (shown(min(known)), shown(median(known)), shown(max(known))) if known else ("–", "–", "–")
    )
    return CheckRow(
        title=check.title,
        group=check.group.value,
        interval=check.interval,
        judged=sum(not math.isnan(value) for value in every),
        failed=sum(finding.check == check.column for one in outcome.judged for finding in one.findings),
        lowest=lowest,
        middle=middle,
        highest=highest,
    )


def _examination_row(judged: Judged, checks: tuple[RangeCheck, ...]) -> ExaminationRow:
    failed = {finding.check for finding in judged.findings}
    return ExaminationRow(
        exam_id=judged.examination.exam_id,
        status=judged.decision.status,
        sequences=_sequences(judged.examination.sequences),
        reasons=judged.decision.reasons,
        warnings=judged.warnings,
        named_warnings=judged.named_warnings,
        cells=tuple(_cell(judged.survey.value(check.column), check.column in failed) for check in checks),
    )


def _sequences(available: tuple[Mri, ...]) -> str:
    if set(PAPER_SEQUENCES) <= set(available):
        optional = available[len(PAPER_SEQUENCES) :]
        return " and ".join(("all five", *(sequence.label for sequence in optional)))
    return ", ".join(sequence.label for sequence in available)


def _cell(value: float, failed: bool) -> Cell:  # noqa: FBT001  # two states of one value
    if math.isnan(value):
        return Cell("–", "none")
    return Cell(shown(value), "fail" if failed else "pass")


def _csv_number(value: float) -> str:
    """Six significant digits, as measured; empty where nothing was judged."""
    return "" if math.isnan(value) else f"{value:.6g}"
