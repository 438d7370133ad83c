"""A laboratory's own limits, from examinations that it knows to be good.

Each limit of the scanner is put into the bad tail of what was measured: five robust standard deviations from
the median, which a few bad examinations among the good ones hardly move, and within what physics allows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.wording import counted
from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import shown
from cbvsynth.quality.limits import LEARNED, SCANNER_LIMITS, Learned, Limits
from cbvsynth.quality.study_tails import FEWEST_EXAMINATIONS, robust_spread
from cbvsynth.quality.survey import Survey
from cbvsynth.records.storage import write_text

TAIL_SD = 5.0
"""Robust standard deviations from the median to the limit: of a million normal values less than one lies
beyond; real tails are longer. Ours."""
_DISPLACEMENTS = tuple(f"{role}_displacement_mm" for role in ("t2", "t1c", "flair", "adc", "asl", "cbv"))


@dataclass(frozen=True)
class _Source:
    """Which columns a limit judges, and the bounds within which it may be learned."""

    columns: tuple[str, ...]
    lowest: float
    highest: float


_SOURCES = {
    "displacement_mm_max": _Source(_DISPLACEMENTS, 1.0, 8.0),
    "edge_agreement_min": _Source(("edge_agreement",), 0.0, 0.9),
    "ghost_ratio_max": _Source(("ghost_ratio",), 0.002, 0.1),
    "snr_min": _Source(("snr",), 3.0, 100.0),
    "standard_zero_fraction_max": _Source(("standard_zero_fraction",), 0.01, 0.3),
    "cbv_negative_share_max": _Source(("cbv_negative_share",), 0.01, 0.3),
    "t1c_t1_correlation_max": _Source(("t1c_t1_correlation",), 0.9, 0.999),
}
"""Bounds: a millimetre is the error of registration, 8 mm lose most of what a map shows (decision 0067);
below a signal-to-noise ratio of 3 the noise of magnitude images has another distribution (Gudbjartsson and
Patz 1995); two scans of one head differ by noise, so that no limit may be 1. The others are ours."""
assert tuple(_SOURCES) == SCANNER_LIMITS


@dataclass(frozen=True, eq=False)
class Proposal:
    """One limit, and the distribution that it rests on.

    `values` are sorted, (N,); `proposed` is the present limit where fewer than ten were measured.
    `beyond` names the examinations that the proposed limit would drop.
    """

    name: str
    values: npt.NDArray[np.float64]
    median: float
    spread: float
    present: float
    proposed: float
    beyond: tuple[str, ...]

    @property
    def is_learned(self) -> bool:
        """Whether enough was measured."""
        return self.values.size >= FEWEST_EXAMINATIONS


def propose(surveys: Sequence[Survey], limits: Limits) -> tuple[Proposal, ...]:
    """A proposal for every limit of the scanner.

    Args:
        surveys: of good examinations.
        limits: those in use now.

    Raises:
        QualityError: fewer than ten examinations could be measured.
    """
    measured = [survey for survey in surveys if not survey.problems]
    if len(measured) < FEWEST_EXAMINATIONS:
        reasons = "; ".join(text for survey in surveys for _, text in survey.problems[:1])
        raise QualityError(
            f"{counted(len(measured), 'examination')} could be measured{f' ({reasons})' if reasons else ''}; "
            f"expected {FEWEST_EXAMINATIONS} or more good ones to learn limits from. Add examinations."
        )
    return tuple(_propose(name, source, measured, limits) for name, source in _SOURCES.items())


def _propose(name: str, source: _Source, surveys: Sequence[Survey], limits: Limits) -> Proposal:
    found = [
        (survey.value(column), survey.exam_id)
        for survey in surveys
        for column in source.columns
        if np.isfinite(survey.value(column))
    ]
    values = np.sort(np.array([value for value, _ in found]))
    present = float(getattr(limits, name))
    if values.size < FEWEST_EXAMINATIONS:
        return Proposal(name, values, np.nan, np.nan, present, present, ())
    median, spread = robust_spread(values)
    is_upper = name.endswith("_max")
    tail = median + (TAIL_SD if is_upper else -TAIL_SD) * spread
    proposed = float(f"{np.clip(tail, source.lowest, source.highest):.3g}")
    beyond = [exam for value, exam in found if (value > proposed if is_upper else value < proposed)]
    return Proposal(name, values, median, spread, present, proposed, tuple(dict.fromkeys(beyond)))


def table(proposals: Sequence[Proposal]) -> str:
    """The distributions and the proposed limits as a Markdown table."""
    lines = [
        "| limit | values | lowest | 5 % | median | 95 % | highest | robust SD | now | proposed | drops |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for one in proposals:
        if one.is_learned:
            five, ninety_five = np.percentile(one.values, (5, 95))
            numbers = (one.values[0], five, one.median, ninety_five, one.values[-1], one.spread)
            cells = [*(shown(float(value)) for value in numbers), shown(one.present), shown(one.proposed)]
            cells.append(", ".join(one.beyond) or "none")
        else:
            cells = ["–"] * 6 + [shown(one.present), "kept: too few", "–"]
        lines.append(f"| {one.name} | {one.values.size} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def learned_from(proposals: Sequence[Proposal], surveys: Sequence[Survey], date: str) -> Learned:
    """Where the proposed limits come from; `study` is the digest of what was measured."""
    numbers = sorted((survey.exam_id, sorted(survey.values.items())) for survey in surveys)
    digest = hashlib.sha256(repr(numbers).encode()).hexdigest()
    count = sum(not survey.problems for survey in surveys)
    return Learned(tuple(one.name for one in proposals if one.is_learned), count, digest, date)


def write_limits(path: Path, present: str, proposals: Sequence[Proposal], learned: Learned) -> None:
    """Write a file of limits: the present one with what was learned, and where that is from, atomically.

    Args:
        path: file to write.
        present: text of the limits in use, whose comments and other limits are kept.
        proposals: what was learned.
        learned: where it is from.
    """
    text = re.sub(rf"(?m)^{LEARNED}:\n(?:[ \t]+.*\n|- .*\n)*", "", present)
    if text and not text.endswith("\n"):
        text += "\n"
    for one in proposals:
        if one.is_learned:
            line = f"{one.name}: {one.proposed:g}"
            text, replaced = re.subn(rf"(?m)^{one.name}:.*$", line, text)
            text += "" if replaced else f"{line}\n"
    head = (
        f"# Limits learned from a laboratory's own good examinations; the others are as they were.\n"
        f"{LEARNED}:\n"
        f"  limits: [{', '.join(learned.limits)}]\n"
        f"  examinations: {learned.examinations}\n"
        f'  study: "{learned.study}"\n'
        f'  date: "{learned.date}"\n\n'
    )
    write_text(path, head + text)
