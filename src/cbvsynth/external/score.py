"""A registered version on a study from elsewhere: the same checks, images, scores and guards as at home."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cbvsynth.domain.drift import Measured, shifts_between
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Switch
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import guard_checks
from cbvsynth.domain.selection.judging import draw_patients
from cbvsynth.domain.selection.leaderboard import has_lesion, summarise
from cbvsynth.domain.selection.records import Check
from cbvsynth.domain.selection.settings import GateSettings, looser_limits
from cbvsynth.domain.splits import HELD_OUT
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ResultError, UnitError, UsageError
from cbvsynth.evaluation.baseline_scores import score_baselines
from cbvsynth.evaluation.input_features import measured_inputs, measured_outputs
from cbvsynth.evaluation.known_examinations import known_examinations
from cbvsynth.evaluation.scanners import scanner_groups
from cbvsynth.evaluation.sweep import SCORES_FILE, group_by_name
from cbvsynth.external.options import ScoreOptions
from cbvsynth.pages.external_page import REPORT_PAGE, ExternalPage, write_external_page
from cbvsynth.preprocessing.selection import common_target_unit, select_accepted
from cbvsynth.preprocessing.study import prepare_study
from cbvsynth.quality.validation import data_docs_folder, validate_study
from cbvsynth.records.decisions import read_decisions
from cbvsynth.records.examinations import (
    INDEX_FILE,
    CachedExamination,
    ExaminationIndex,
    read_index,
    write_index,
)
from cbvsynth.records.external import EXTERNAL_FILE, ExternalResult, write_external
from cbvsynth.records.regions import REGIONS_FILE, write_regions
from cbvsynth.records.results import write_scores
from cbvsynth.records.storage import atomic_folder
from cbvsynth.registry.champion import promoted_with
from cbvsynth.registry.external import record_external
from cbvsynth.registry.served import as_served, fetch_unchanged_model, named_version
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import ModelVersion
from cbvsynth.study.manifest import Manifest, load_manifest

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel
    from cbvsynth.training.scoring import ScoredMaps

CHECKS, IMAGES = "checks", "images"
"""Folders of a site, shared by all versions: what validate wrote, and the cached arrays."""
DEFAULT_LABEL = "stable"
_SHOWN = 4
"""Examinations whose maps the page shows, as train's."""


@dataclass(frozen=True)
class _Promoted:
    """What the registry knows of the version: scores at home and limits; `notes` where it knows less."""

    scores: tuple[ExamScore, ...]
    settings: GateSettings
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Reference:
    """The examinations that the version learned from, or the reason why they are not at hand."""

    index: ExaminationIndex | None
    why_not: str = ""


def score_site(options: ScoreOptions) -> tuple[ExternalResult, Path]:
    """Validate, prepare and score a site's study, write the page, and enter the result in the registry.

    What is prepared is kept: another version on the same site starts with scoring.

    Returns:
        The result, and where its page lies.

    Raises:
        UsageError: a flag is wrong, or the folder is somebody else's.
        RegistryError: no such version, or the registry does not answer.
        ModelError: the version's model is not what was promoted, or of another preprocessing.
        UnitError: the site's CBV is in another unit than the model's.
        ManifestError: the study is not recognised.
        QualityError: validate dropped more than allowed.
        ResultError: the version learned from some of these examinations, or none can be scored.
        DataError: examinations could not be prepared.
    """
    registry = open_registry(options.name)
    version = named_version(registry, options.version, options.label or DEFAULT_LABEL)
    served = as_served(version)
    folder = options.out / options.site_name
    _require_own(folder)
    manifest = load_manifest(options.data, options.layout, options.prefer, options.enhancing_label)
    _require_unit(manifest.examinations, served.target_unit, f"version {version.version} ({version.model})")
    promoted = _promoted(registry, version, options)
    dropped, index = _prepared(options, folder, manifest)
    reference = _reference(options, version)
    known = _require_unknown(index, reference, version)
    with TemporaryDirectory() as copy:
        model = _loaded(fetch_unchanged_model(registry, version, Path(copy)))
        usable, left_out = _usable(index, model)
        scored = _scored(model, index, usable)
    checks, baseline_note = _checks(scored.scores, index, reference, promoted.settings, model)
    here = measured_inputs(index, usable, model.description.sequences)
    there = _reference_inputs(reference, model)
    result = ExternalResult(
        site=options.site_name,
        registered_name=options.name,
        version=version.version,
        model=version.model,
        saved_model_digest=version.digest,
        target_unit=index.target_unit.value,
        data_range=model.description.cbv_max,
        trained_on=model.description.data_fingerprint,
        data_fingerprint=index.data_fingerprint,
        found=len(manifest.examinations),
        dropped=dropped,
        left_out=left_out,
        scored=len(usable),
        patients=len({one.subject_id for one in usable}),
        lesions=sum(has_lesion(score) for score in scored.scores),
        settings=promoted.settings,
        checks=checks,
        groups=scanner_groups(manifest.examinations, scored.scores, there, here, promoted.settings),
        inputs=shifts_between(there, here, alpha=promoted.settings.alpha),
        outputs=shifts_between(
            measured_outputs(promoted.scores), measured_outputs(scored.scores), alpha=promoted.settings.alpha
        ),
        unlike_training=_unlike(usable, model),
        notes=(*promoted.notes, *known, reference.why_not, baseline_note),
    )
    result = replace(result, notes=tuple(note for note in result.notes if note))
    written = folder / f"version-{version.version}"
    with atomic_folder(written) as temporary:
        write_external(temporary / EXTERNAL_FILE, result)
        write_scores(temporary / SCORES_FILE, scored.scores)
        write_regions(temporary / REGIONS_FILE, scored.regions)
        write_external_page(
            temporary, ExternalPage(result, scored.scores, scored.regions, scored.maps, index)
        )
    if options.entry is Switch.ON:
        record_external(registry, version, result, _means(scored.scores), written)
    return result, written / REPORT_PAGE


def _require_own(folder: Path) -> None:
    """Refuse to write into a folder that holds anything but a site's."""
    ours = {CHECKS, IMAGES, data_docs_folder(folder / CHECKS).name}
    strange = [
        entry.name
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.name not in ours and not entry.name.lstrip(".").startswith("version-")
    ]
    if folder.is_file() or strange:
        raise UsageError(
            f"{folder} is not a folder of 'cbvsynth score'"
            f"{f': it holds {strange[0]}' if strange else ''}. Give another --out or --site."
        )


def _require_unit(examinations: Sequence[Examination], unit: str, who: str) -> None:
    """Before hours of work: units never mix."""
    for examination in examinations:
        if examination.cbv is not None and examination.target_unit != unit:
            raise UnitError(
                f"{examination.exam_id} has CBV in '{examination.target_unit}', {who} answers in '{unit}'; "
                "expected one unit. Score a version that learned from maps in this study's unit."
            )


def _promoted(registry: Registry, version: ModelVersion, options: ScoreOptions) -> _Promoted:
    scores, settings = promoted_with(registry, version)
    notes = []
    if settings is None:
        settings = GateSettings()
        notes.append("The limits that this version was promoted with are not known; these are the release's.")
    settings = replace(
        settings,
        high_perfusion=options.high_perfusion or settings.high_perfusion,
        low_perfusion=options.low_perfusion or settings.low_perfusion,
    )
    loosened = looser_limits(settings, GateSettings())
    if loosened:
        notes.append(
            f"This version was promoted through a LOOSENED GATE, which is asked here: {'; '.join(loosened)}."
        )
    return _Promoted(scores, settings, tuple(notes))


def _prepared(
    options: ScoreOptions, folder: Path, manifest: Manifest
) -> tuple[Mapping[str, int], ExaminationIndex]:
    """Check the study and cache its arrays; every examination counts as held out."""
    outcome = validate_study(options.checks(folder / CHECKS))
    accepted = select_accepted(manifest.examinations, read_decisions(folder / CHECKS / "examinations.csv"))
    config = options.preparation(folder / IMAGES)
    splits = {examination.exam_id: HELD_OUT for examination in accepted}
    index = prepare_study(config, common_target_unit(accepted), accepted, splits).index
    write_index(index)
    return {group.value: count for group, count in outcome.flow.dropped if count}, index


def _reference(options: ScoreOptions, version: ModelVersion) -> _Reference:
    lacking = (
        "whether the version learned from any of these examinations was not looked at, drift of the inputs "
        "was "
        "not measured, and the trivial maps were not asked. Name its cached examinations by --reference."
    )
    if not (options.reference / INDEX_FILE).is_file():
        return _Reference(None, f"The examinations that the version learned from are not at hand: {lacking}")
    index = read_index(options.reference)
    if index.data_fingerprint != version.tags.get("data_fingerprint"):
        return _Reference(None, f"The cached examinations at hand are not those of this version: {lacking}")
    return _Reference(index)


def _require_unknown(
    index: ExaminationIndex, reference: _Reference, version: ModelVersion
) -> tuple[str, ...]:
    """Refuse what the version learned from; say of what it was judged by at home."""
    if reference.index is None:
        return ()
    known = known_examinations(index, reference.index)
    learned = sorted(name for name, split in known.items() if split != HELD_OUT)
    if learned:
        raise ResultError(
            f"Version {version.version} learned from {len(learned)} of these "
            f"{counted(len(index.examinations), 'examination')}, first {learned[0]}: their CBV maps are "
            "equal, "
            "byte for byte. A score on them would be no external one; leave them out of the study."
        )
    if not known:
        return ()
    were = f"{counted(len(known), 'examination')} of this study {'was' if len(known) == 1 else 'were'}"
    return (f"{were} held out when the version was chosen, and no external one.",)


def _loaded(folder: Path) -> ExportedModel:
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        from cbvsynth.training.saved_model import load_exported

        return load_exported(folder)


def _usable(
    index: ExaminationIndex, model: ExportedModel
) -> tuple[tuple[CachedExamination, ...], dict[str, str]]:
    """Examinations that can be scored, and why the others cannot."""
    needed = model.description.sequences
    left_out = {}
    for one in index.examinations:
        lacking = [sequence.label for sequence in needed if sequence not in one.sequences]
        if lacking:
            left_out[one.exam_id] = f"lacks {', '.join(lacking)}, which the model reads"
        elif not index.has(one.exam_id, "cbv"):
            left_out[one.exam_id] = "has no CBV map to compare with"
    usable = tuple(one for one in index.examinations if one.exam_id not in left_out)
    if not usable:
        raise ResultError(
            f"None of {counted(len(index.examinations), 'examination')} can be scored; the first "
            f"{next(iter(left_out.values()))}. Score a version with fewer sequences."
        )
    return usable, left_out


def _scored(model: ExportedModel, index: ExaminationIndex, usable: Sequence[CachedExamination]) -> ScoredMaps:
    from cbvsynth.training.scoring import example_ids, score_model

    return score_model(model, index, usable, frozenset(example_ids(usable, _SHOWN)))


def _checks(
    scores: Sequence[ExamScore],
    index: ExaminationIndex,
    reference: _Reference,
    settings: GateSettings,
    model: ExportedModel,
) -> tuple[tuple[Check, ...], str]:
    """The gate's guards; the trivial maps are what the training examinations at home taught."""
    required: Mapping[str, Sequence[ExamScore]] = {}
    note = ""
    if reference.index is None:
        note = "" if not settings.required_baselines else "Trivial maps were not asked: no training data."
    elif settings.required_baselines:
        names = {score.exam_id for score in scores}
        trivial = group_by_name(
            score_baselines(index, names, model.description.cbv_max, learned_from=reference.index)
        )
        required = {name: trivial[name] for name in settings.required_baselines}
    judged = guard_checks(
        scores, required, draw_patients(scores, settings), settings, index.target_unit.value
    )
    return tuple(one.check for one in judged), note


def _reference_inputs(reference: _Reference, model: ExportedModel) -> Measured:
    if reference.index is None:
        return Measured((), {})
    learned = tuple(
        one
        for one in reference.index.of_split("train", model.description.sequences)
        if reference.index.has(one.exam_id, "cbv")
    )
    return measured_inputs(reference.index, learned, model.description.sequences)


def _unlike(usable: Sequence[CachedExamination], model: ExportedModel) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in usable:
        for sentence in model.description.outside_training(one.shape, one.spacing_mm):
            found[sentence] = found.get(sentence, 0) + 1
    return found


def _means(scores: Sequence[ExamScore]) -> dict[str, float]:
    row = summarise("", scores)
    return {name: value for name, value in row.mean.items() if math.isfinite(value)}
