"""What validate does: list, measure, judge, write down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbvsynth.config import ValidateConfig
from cbvsynth.domain.wording import counted

_SHOWN_WARNINGS = 5
"""Warnings that are printed; of a study of hundreds of examinations the report tells the others."""


@dataclass(frozen=True)
class ValidateSummary:
    """Counts of a run and where its report lies."""

    examinations_found: int
    examinations_accepted: int
    dropped_by_group: dict[str, int]
    report: Path


def run(config: ValidateConfig) -> ValidateSummary:
    """Check every examination, write decisions and report, and sum up what happened.

    Raises:
        UsageError: the limits are wrong.
        ManifestError: the study is not recognised, or its list of examinations is wrong.
        UnitError: CBV maps of different units are mixed.
        QualityError: more was dropped than allowed; the report is written all the same.
    """
    from cbvsynth.quality.validation import validate_study

    outcome = validate_study(config)
    flow = outcome.flow
    report = config.out / "report.html"
    print(f"{flow.examinations_accepted} of {counted(flow.examinations_found, 'examination')} accepted")
    for group, count in flow.dropped:
        if count:
            print(f"  {count} dropped: {group}")
    for text in outcome.warnings[:_SHOWN_WARNINGS]:
        print(f"  warning: {text}")
    if (more := len(outcome.warnings) - _SHOWN_WARNINGS) > 0:
        print(f"  {counted(more, 'more warning')}, in the report")
    print(f"report: {report}")
    return ValidateSummary(
        examinations_found=flow.examinations_found,
        examinations_accepted=flow.examinations_accepted,
        dropped_by_group={group.value: count for group, count in flow.dropped if count},
        report=report,
    )
