"""Which examinations are preprocessed: those that validate accepted, if the study is still the same."""

from __future__ import annotations

from collections.abc import Sequence

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError, ManifestError, UnitError
from cbvsynth.records.decisions import Decision


def select_accepted(
    examinations: Sequence[Examination], decisions: Sequence[Decision]
) -> tuple[Examination, ...]:
    """Examinations of the manifest that validate accepted, sorted by exam_id.

    Raises:
        ManifestError: manifest and decisions are not about the same examinations.
        DataError: none was accepted.
    """
    by_id = {examination.exam_id: examination for examination in examinations}
    _refuse_other_study(by_id, decisions)
    accepted = sorted(decision.exam_id for decision in decisions if decision.accepted)
    if not accepted:
        raise DataError(
            f"validate accepted none of {counted(len(decisions), 'examination')}; expected some. Read its "
            "report."
        )
    return tuple(by_id[exam_id] for exam_id in accepted)


def common_target_unit(examinations: Sequence[Examination]) -> TargetUnit:
    """The one unit of all CBV maps.

    Raises:
        UnitError: there is more than one.
    """
    first = examinations[0]
    for examination in examinations:
        if examination.target_unit is not first.target_unit:
            raise UnitError(
                f"{examination.exam_id} has CBV in '{examination.target_unit}', {first.exam_id} in "
                f"'{first.target_unit}'; expected one unit in a run. Make two studies of them."
            )
    return first.target_unit


def _refuse_other_study(by_id: dict[str, Examination], decisions: Sequence[Decision]) -> None:
    decided = {decision.exam_id: decision for decision in decisions}
    strangers = sorted(set(by_id) ^ set(decided)) or sorted(
        exam_id
        for exam_id, decision in decided.items()
        if (decision.subject_id, decision.session_id)
        != (by_id[exam_id].subject_id, by_id[exam_id].session_id)
    )
    if strangers:
        raise ManifestError(
            f"The study has {counted(len(by_id), 'examination')}, validate decided about {len(decided)}; "
            "they differ in "
            f"{len(strangers)}, first in {strangers[0]}. The study changed since; run validate again."
        )
