"""A study's scores apart by site and scanner, with what is unlike the training data on each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cbvsynth.domain.drift import Measured, shifts_between
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import or_none, summarise
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.records.external import ScannerGroup

NOT_STATED = "scanner not stated"
SITE_NOT_STATED = "site not stated"


def scanner_of(examination: Examination) -> str:
    """Scanner and field strength as the study states them."""
    field = "" if examination.field_t is None else f"{examination.field_t:g} T"
    return ", ".join(filter(None, (examination.scanner.strip() or NOT_STATED, field)))


def groups_of(examinations: Iterable[Examination]) -> dict[str, tuple[str, ...]]:
    """By exam_id the groups that an examination counts in: its scanner, or its site and its scanner there.

    Sites are told apart where the study states any, in the manifest's column site.
    """
    listed = tuple(examinations)
    if not any(one.site.strip() for one in listed):
        return {one.exam_id: (scanner_of(one),) for one in listed}
    named = {one.exam_id: one.site.strip() or SITE_NOT_STATED for one in listed}
    return {one.exam_id: (named[one.exam_id], f"{named[one.exam_id]}: {scanner_of(one)}") for one in listed}


def scanner_groups(
    examinations: Iterable[Examination],
    scores: Sequence[ExamScore],
    reference: Measured,
    here: Measured,
    settings: GateSettings,
) -> tuple[ScannerGroup, ...]:
    """One group a scanner, or a site and each of its scanners, by name.

    Args:
        examinations: of the study; at least those that were scored.
        scores: of the site's examinations.
        reference: inputs of the examinations that the model learned from.
        here: inputs of the scored examinations, in the order of the scores.
        settings: the column that models are selected by, and the level of the tests.
    """
    groups = groups_of(examinations)
    found = []
    for scanner in sorted({group for score in scores for group in groups[score.exam_id]}):
        chosen = [scanner in groups[score.exam_id] for score in scores]
        row = summarise(scanner, [score for score, one in zip(scores, chosen, strict=True) if one])
        shifts = shifts_between(reference, here.of(chosen), alpha=settings.alpha)
        found.append(
            ScannerGroup(
                scanner=scanner,
                examinations=row.examinations,
                patients=row.patients,
                ssim_mean=or_none(row.mean[settings.select_by]),
                ssim_sd=or_none(row.sd[settings.select_by]),
                mae_brain=or_none(row.mean["mae_brain"]),
                lesion_examinations=row.lesion_examinations,
                lesion_bias=or_none(row.mean["lesion_bias"]),
                lesion_error=or_none(row.mean["lesion_error"]),
                drifted=tuple(shift.quantity for shift in shifts if shift.drifts),
            )
        )
    return tuple(found)
