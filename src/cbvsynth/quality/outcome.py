"""From findings to decisions: who is accepted, who is dropped under which heading, and the flow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.wording import counted
from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import Group
from cbvsynth.quality.suites import Finding
from cbvsynth.quality.survey import Survey
from cbvsynth.records.decisions import ACCEPTED, DROPPED, Decision


@dataclass(frozen=True)
class Judged:
    """One examination with what was measured and what the checks found."""

    examination: Examination
    survey: Survey
    findings: tuple[Finding, ...]

    @property
    def decision(self) -> Decision:
        """Accepted, or dropped with every reason, in the order of the headings."""
        failed = sorted(
            (finding for finding in self.findings if finding.group), key=lambda one: _place(one.group)
        )
        reasons = tuple(dict.fromkeys(_as_reason(finding.text) for finding in failed))
        return Decision(
            self.examination.exam_id,
            self.examination.subject_id,
            self.examination.session_id,
            DROPPED if reasons else ACCEPTED,
            reasons,
        )

    @property
    def group(self) -> Group | None:
        """Heading under which the examination leaves the flow chart; None when it is accepted."""
        groups = {finding.group for finding in self.findings}
        return next((group for group in Group if group in groups), None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found and does not drop the examination."""
        return tuple(finding.text for finding in self.findings if finding.group is None)

    @property
    def named_warnings(self) -> tuple[str, ...]:
        """The same, each beginning with the name of the examination or of its patient."""
        names = (self.examination.exam_id, self.examination.subject_id)
        return tuple(
            text if text.startswith(names) else f"{self.examination.exam_id}: {text}"
            for text in self.warnings
        )


@dataclass(frozen=True)
class Flow:
    """Numbers of the inclusion flow chart; an examination is counted under its first heading."""

    examinations_found: int
    patients_found: int
    dropped: tuple[tuple[Group, int], ...]
    examinations_accepted: int
    patients_accepted: int

    @property
    def examinations_dropped(self) -> int:
        """Number of examinations under all headings."""
        return sum(count for _, count in self.dropped)

    @property
    def dropped_share(self) -> float:
        """Share (0-1) of the examinations that was dropped; 0 for an empty study."""
        return self.examinations_dropped / self.examinations_found if self.examinations_found else 0.0


@dataclass(frozen=True)
class Outcome:
    """All examinations of a study, judged, in the manifest's order, and what was found of the study."""

    judged: tuple[Judged, ...]
    study_warnings: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every warning, those of the study first; one of an examination names it, or its patient."""
        return (*self.study_warnings, *(text for one in self.judged for text in one.named_warnings))

    @property
    def flow(self) -> Flow:
        """The flow chart's numbers."""
        accepted = [one for one in self.judged if one.group is None]
        counts = Counter(one.group for one in self.judged)
        return Flow(
            examinations_found=len(self.judged),
            patients_found=_patients(self.judged),
            dropped=tuple((group, counts[group]) for group in Group),
            examinations_accepted=len(accepted),
            patients_accepted=_patients(accepted),
        )


def judge(
    examinations: Sequence[Examination], surveys: Sequence[Survey], findings: Iterable[Finding]
) -> Outcome:
    """Group the findings by the examination that they are about.

    Examinations and surveys are in the same order.
    """
    by_examination: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_examination[finding.exam_id].append(finding)
    judged = tuple(
        Judged(examination, survey, tuple(by_examination[examination.exam_id]))
        for examination, survey in zip(examinations, surveys, strict=True)
    )
    return Outcome(judged, tuple(finding.text for finding in by_examination[""]))


def require_enough(flow: Flow, max_dropped_share: float, report: str) -> None:
    """Stop when too much was dropped; the report was written before.

    Args:
        flow: the study's numbers.
        max_dropped_share: largest share (0-1) that may be dropped; the share itself still passes.
        report: where the report lies, for the message.

    Raises:
        QualityError: a larger share was dropped, or nothing was accepted.
    """
    if flow.dropped_share <= max_dropped_share and flow.examinations_accepted:
        return
    groups = ", ".join(f"{group} {count}" for group, count in flow.dropped if count)
    raise QualityError(
        f"{flow.examinations_dropped} of {counted(flow.examinations_found, 'examination')} were dropped "
        f"({flow.dropped_share:.0%}: {groups}); expected at most {max_dropped_share:.0%} and one that is "
        f"accepted. Read {report}, then mend the data, the limits or --max_dropped_share."
    )


def _patients(judged: Iterable[Judged]) -> int:
    return len({one.examination.subject_id for one in judged})


def _place(group: Group | None) -> int:
    return list(Group).index(group) if group else len(Group)


def _as_reason(text: str) -> str:
    """A text that the table of decisions can hold: one line, without the mark that separates reasons."""
    return " ".join(text.replace(";", ",").split())
