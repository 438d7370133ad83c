"""The plan of a run: who is learned from, who is held out, and whether the gate can pass at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, ModelId, Sequence, TargetUnit
from cbvsynth.domain.splits import HELD_OUT, SHARE_TOLERANCE, TRAIN, assign_splits
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError
from cbvsynth.planning.cost import Cost, CostFrom, ModelWork, cost_of
from cbvsynth.planning.settings import RunSettings
from cbvsynth.planning.study import PlannedStudy

_ARRAY_BYTES, _MASK_BYTES = 4, 1
_SHARES = tuple(percent / 100 for percent in range(5, 55, 5))
"""Shares to be tried where too few are held out; more than half is no training."""


@dataclass(frozen=True)
class Side:
    """Examinations, and the patients that they are of."""

    examinations: int
    patients: int


@dataclass(frozen=True)
class ModelPlan:
    """What one model learns from and is scored on."""

    model: str
    train: Side
    held_out: Side


@dataclass(frozen=True)
class RunPlan:
    """What a run will do.

    judged: the held-out examinations that every model can be scored on, on which the verdict rests.
    obstacles: why the run cannot end with a champion, each with what to change; empty when it can.
    warnings: what will be left open, or is off what was asked for.
    """

    source: str
    layout: str
    study: Side
    sequences: Mapping[str, int]
    cbv_maps: int
    segmentations: int
    units: tuple[str, ...]
    voxels: int
    models: tuple[ModelPlan, ...]
    judged: Side
    min_examinations: int
    cost: Cost
    obstacles: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_run(settings: RunSettings, study: PlannedStudy, by: CostFrom = CostFrom.ESTIMATED) -> RunPlan:
    """Plan a run of these settings on this study.

    Raises:
        InstallationError: as `cost_of`.
    """
    examinations, obstacles = study.examinations, []
    try:
        splits = _splits(examinations, settings.preprocess)
    except DataError as error:
        splits, obstacles = dict.fromkeys((one.exam_id for one in examinations), TRAIN), [str(error)]
    usable = {model: _usable(examinations, model) for model in settings.models}
    sides = {
        model: {side: [one for one in found if splits[one.exam_id] == side] for side in (TRAIN, HELD_OUT)}
        for model, found in usable.items()
    }
    common = set.intersection(*({one.exam_id for one in found} for found in usable.values()))
    judged = [one for one in examinations if splits[one.exam_id] == HELD_OUT and one.exam_id in common]
    if not obstacles:
        obstacles = [*_empty_models(sides), *_too_few(settings, examinations, judged)]
    units = sorted({one.target_unit.value for one in examinations if one.cbv is not None})
    obstacles += _units(units)
    work = tuple(
        ModelWork(model, len(found[TRAIN]), len(found[HELD_OUT]), study.voxels)
        for model, found in sides.items()
    )
    return RunPlan(
        source=study.source,
        layout=study.layout,
        study=_side(examinations),
        sequences={
            sequence.label: count
            for sequence in Sequence
            if (count := sum(sequence in one.inputs for one in examinations))
            or sequence not in OPTIONAL_SEQUENCES
        },
        cbv_maps=sum(one.cbv is not None for one in examinations),
        segmentations=sum(one.seg is not None for one in examinations),
        units=tuple(units),
        voxels=study.voxels,
        models=tuple(
            ModelPlan(model.slug, _side(found[TRAIN]), _side(found[HELD_OUT]))
            for model, found in sides.items()
        ),
        judged=_side(judged),
        min_examinations=settings.evaluate.min_examinations,
        cost=cost_of(work, settings.train, _cached_bytes(study), by),
        obstacles=tuple(obstacles),
        warnings=tuple(_warnings(settings, study, splits, judged, units)),
    )


def require_passable(plan: RunPlan) -> None:
    """Stop a run that cannot end with a champion, before its hours are spent.

    Raises:
        DataError: what stands in the way, and what to change.
    """
    if plan.obstacles:
        raise DataError("This run cannot end with a champion. " + " ".join(plan.obstacles))


def _splits(examinations: Ordered[Examination], config: PreprocessConfig, share: float = 0) -> dict[str, str]:
    return assign_splits(
        examinations, config.split_by, share or config.held_out_share, config.seed, config.split_strata
    )


def _usable(examinations: Iterable[Examination], model: ModelId) -> list[Examination]:
    return [one for one in examinations if one.cbv is not None and model.combination.usable_with(one.inputs)]


def _side(examinations: Ordered[Examination]) -> Side:
    return Side(len(examinations), len({one.subject_id for one in examinations}))


def _cached_bytes(study: PlannedStudy) -> int:
    """One float32 array for each image, one byte a voxel for the mask and for a segmentation."""
    images = sum(len(one.inputs) + (one.cbv is not None) for one in study.examinations)
    masks = sum(1 + (one.seg is not None) for one in study.examinations)
    return study.voxels * (_ARRAY_BYTES * images + _MASK_BYTES * masks)


def _empty_models(sides: Mapping[ModelId, Mapping[str, Ordered[Examination]]]) -> list[str]:
    empty: dict[str, list[str]] = {}
    for model, found in sides.items():
        missing = " and ".join(words for side, words in _SIDES.items() if not found[side])
        if missing:
            empty.setdefault(missing, []).append(model.slug)
    return [
        f"{', '.join(models)} would have no examination {missing}: none there has all of the sequences and a "
        "CBV map. Take the model out of sweep.models, or add examinations."
        for missing, models in empty.items()
    ]


_SIDES = {TRAIN: "to learn from", HELD_OUT: "to be scored on"}


def _too_few(
    settings: RunSettings, examinations: Ordered[Examination], judged: Ordered[Examination]
) -> list[str]:
    least = settings.evaluate.min_examinations
    if len(judged) >= least:
        return []
    found = f"{counted(len(judged), 'held-out examination')} of {counted(_side(judged).patients, 'patient')}"
    obstacle = (
        f"The gate cannot pass: {found} would be judged, evaluate.min_examinations asks for {least}. "
        f"{_larger_share(settings, examinations, least)} A lower min_examinations is recorded as loosened, "
        "and such a verdict replaces no champion."
    )
    return [obstacle]


def _larger_share(settings: RunSettings, examinations: Ordered[Examination], least: int) -> str:
    usable = [one for one in examinations if all(_usable([one], model) for model in settings.models)]
    for share in _SHARES:
        if share <= settings.preprocess.held_out_share:
            continue
        try:
            splits = _splits(examinations, settings.preprocess, share)
        except DataError:
            continue
        if sum(splits[one.exam_id] == HELD_OUT for one in usable) >= least:
            return f"With preprocess.held_out_share {share:g} it would be enough; or add examinations."
    return "No share up to 0.5 is enough: add examinations."


def _units(units: Ordered[str]) -> list[str]:
    if len(units) > 1:
        return [
            f"CBV maps are in {' and in '.join(units)}; expected one unit in a run. Make two studies of them."
        ]
    return []


def _warnings(
    settings: RunSettings,
    study: PlannedStudy,
    splits: Mapping[str, str],
    judged: Ordered[Examination],
    units: Ordered[str],
) -> Iterable[str]:
    wanted, limits = settings.preprocess.held_out_share, settings.evaluate
    share = sum(side == HELD_OUT for side in splits.values()) / max(len(splits), 1)
    if abs(share - wanted) > SHARE_TOLERANCE:
        yield f"{share:.0%} of the examinations are held out, {wanted:.0%} were wanted"
    if settings.validate.register is Register.OFF and not study.is_phantom:
        yield "validate.register is off: how far images lie apart is not measured; rigid does"
    if TargetUnit.RELATIVE.value in units:
        yield "CBV is relative: the gate's limits are for mL/100 g; set those in the target's unit for it"
    yield from _unanswered(limits.high_perfusion, limits.low_perfusion, limits.min_diagnosis_patients, judged)


def _unanswered(
    high: Iterable[str], low: Iterable[str], least: int, judged: Ordered[Examination]
) -> Iterable[str]:
    """The gate's questions about lesions that the held-out examinations leave open."""
    lesions = [one for one in judged if one.seg is not None]
    if not lesions:
        yield "no held-out examination has a segmentation: the gate says nothing of lesions"
        return
    patients = Counter(diagnosis for diagnosis, _ in {(one.diagnosis, one.subject_id) for one in lesions})
    for name, words in (("high", tuple(high)), ("low", tuple(low))):
        found = sum(patients[word] for word in words)
        if found < least:
            named = ", ".join(words) or "no diagnosis"
            yield (
                f"{counted(found, 'held-out patient')} of {name} perfusion ({named}): below {least} the gate "
                "cannot say whether lesions are told apart"
            )
