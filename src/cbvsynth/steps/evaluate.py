"""What evaluate does: read the sweep, score the baselines, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cbvsynth.config import EvaluateConfig
from cbvsynth.domain.selection.evaluation import Evaluation, evaluate_sweep
from cbvsynth.domain.selection.leaderboard import require_one_standard, restrict
from cbvsynth.domain.selection.records import Evidence, PresentChampion
from cbvsynth.domain.sequences import select_models
from cbvsynth.records.examinations import read_index
from cbvsynth.records.results import read_scores, write_scores
from cbvsynth.records.storage import atomic_folder, sha256_of

FindChampion = Callable[[str], PresentChampion | None]


@dataclass(frozen=True)
class EvaluateSummary:
    """The decision, and where its report lies."""

    promote: bool
    """The one value that a pipeline's gate asks for."""
    outcome: str
    candidate: str
    """Slug of the model; empty when no model passes."""
    report: Path


def find_in_registry(registered_name: str) -> PresentChampion | None:
    """The champion of the MLflow registry; imported late, because MLflow takes seconds."""
    from cbvsynth.registry.champion import present_champion

    return present_champion(registered_name)


def run(
    config: EvaluateConfig,
    find_champion: FindChampion = find_in_registry,
    not_trained: Mapping[str, str] | None = None,
) -> EvaluateSummary:
    """Rank the models of the sweep, judge them, and write everything into the output folder.

    Args:
        config: what to judge, and by which limits.
        find_champion: asks a registry for its champion.
        not_trained: models of the sweep that could not be trained, and why; the report says so.

    Raises:
        UsageError: a flag is wrong, or the output folder is somebody else's.
        ResultError: results are missing or may not be compared.
        UnitError: models of different target units.
        RegistryError: the registry cannot be reached.
    """
    from cbvsynth.evaluation.baseline_scores import all_exam_ids, require_same_data, score_baselines
    from cbvsynth.evaluation.recompute import BASELINES_FILE, CHAMPION_FILE
    from cbvsynth.evaluation.sweep import group_by_name, read_sweep
    from cbvsynth.pages.evaluation_report import require_own_folder, write_report

    require_own_folder(config.out)
    settings = config.gate_settings()
    sweep = read_sweep(config.results, select_models(config.models))
    require_one_standard(sweep.models)
    index = read_index(config.examinations)
    require_same_data(index, sweep.models)
    champion = find_champion(config.registered_name)
    baselines = score_baselines(index, set(all_exam_ids(sweep.models)), sweep.models[0].data_range)
    with atomic_folder(config.out) as folder:
        write_scores(folder / BASELINES_FILE, baselines)
        if champion:
            write_scores(folder / CHAMPION_FILE, champion.scores)
        evidence = Evidence(
            per_exam=sweep.per_exam_sha256,
            baselines=sha256_of(folder / BASELINES_FILE),
            champion=sha256_of(folder / CHAMPION_FILE) if champion else "",
        )
        stored = group_by_name(read_scores(folder / BASELINES_FILE))
        evaluation = replace(
            evaluate_sweep(sweep.models, stored, champion, settings, evidence),
            not_trained=dict(not_trained or {}),
        )
        write_report(folder, evaluation, restrict(sweep.models), config.results, index)
    _tell(config, evaluation)
    candidate = evaluation.verdict.candidate
    return EvaluateSummary(
        promote=evaluation.verdict.promote,
        outcome=evaluation.verdict.outcome.value,
        candidate=candidate.model if candidate else "",
        report=config.out / "report.html",
    )


def _tell(config: EvaluateConfig, evaluation: Evaluation) -> None:
    from cbvsynth.pages.tables.leaderboard import leaderboard_text
    from cbvsynth.pages.verdict_words import verdict_text

    verdict = evaluation.verdict
    print(
        leaderboard_text(
            evaluation.rows[:5], evaluation.baselines, verdict.settings.select_by, verdict.target_unit
        )
    )
    print(f"\n{verdict_text(verdict)}")
    print(f"\nreport: {config.out / 'report.html'}")
