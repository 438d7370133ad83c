"""Evaluate as a Kubeflow task: collect the trained models, run the step, show its tables and its report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cbvsynth.config import EvaluateConfig
from cbvsynth.errors import ResultError, TrainingError
from cbvsynth.kubeflow.tasks.artifacts import NumbersArtifact, show_file, show_markdown, show_numbers
from cbvsynth.kubeflow.tasks.guard import deferred_output
from cbvsynth.kubeflow.tasks.settings import config_from
from cbvsynth.kubeflow.tasks.train import DONE
from cbvsynth.kubeflow.tasks.workspace import keep, scratch_folder, write_handover
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.summaries import read_summary

LESION = ("lesion-", "discrimination", "hot-spot", "brain-scale")
"""How the names of the guards begin whose measures are shown as numbers."""


class Pages(NamedTuple):
    """Where Kubeflow takes the artefacts of this task from."""

    leaderboard: str
    report: str
    verdict: str
    evaluation: str
    numbers: NumbersArtifact


def run_task(given: Mapping[str, Any], results: Sequence[Mapping[str, str]], pages: Pages) -> bool:
    """Rank and judge the trained models; return whether the gate lets the candidate through.

    Raises:
        TrainingError: no model was trained.
        ResultError: the results on disk are not those that the trainings reported.
        CbvsynthError: as the step.
    """
    from cbvsynth.steps.evaluate import run

    workspace = Path(given["workspace"])
    trained = [result for result in results if result["status"] == DONE]
    failed = {result["model"]: result["message"] for result in results if result["status"] != DONE}
    if not trained:
        shown = "; ".join(f"{model}: {why}" for model, why in failed.items())
        raise TrainingError(f"None of the {len(results)} models could be trained. {shown}")
    folder, sweep = _common(trained)
    _require_untouched(workspace / "train" / sweep, trained)
    with scratch_folder(workspace) as scratch:
        config = config_from(
            EvaluateConfig,
            given,
            models=tuple(result["model"] for result in trained),
            results=workspace / "train" / sweep,
            examinations=workspace / folder,
            out=scratch / "evaluate",
        )
        with deferred_output(config.out) as output:
            summary = run(config, not_trained=failed)
            verdict = sha256_of(config.out / "verdict.json")[:16]
            output.final_folder = workspace / "evaluate" / verdict
        _show(config.out, failed, pages)
        keep(config.out, output.final_folder)
    write_handover(pages.evaluation, {"verdict": verdict, "sweep": sweep})
    return summary.promote


def _common(trained: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    """The arrays and the sweep that all results share."""
    places = {(result["folder"], result["sweep"]) for result in trained}
    if len(places) != 1:
        raise ResultError(
            f"The models of this run come from {len(places)} different sweeps; expected one. Start the run "
            "again."
        )
    return places.pop()


def _require_untouched(results: Path, trained: Sequence[Mapping[str, str]]) -> None:
    for result in trained:
        summary = read_summary(results / result["model"] / "summary.json")
        if summary.saved_model_digest != result["digest"]:
            raise ResultError(
                f"{result['model']}: the result in the workspace is not the one that its training reported; "
                "something else has written there since. Start the run again."
            )


def _show(folder: Path, failed: Mapping[str, str], pages: Pages) -> None:
    from cbvsynth.signature import RESEARCH_NOTE

    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    show_file(pages.report, folder / "report.html")
    show_file(pages.verdict, folder / "verdict.json")
    tables = [(folder / name).read_text(encoding="utf-8") for name in ("leaderboard.md", "table2.md")]
    failed_guards = [f"- {model}: {', '.join(names)}" for model, names in verdict["failed_guards"].items()]
    parts = [
        f"# Verdict: {verdict['outcome'].replace('-', ' ')}",
        verdict["text"],
        f"> {RESEARCH_NOTE}",
        *(["## Guards failed", "\n".join(failed_guards)] if failed_guards else []),
        "## Leaderboard",
        tables[0],
        "## Table 2, ours beside the paper's",
        tables[1],
    ]
    show_markdown(pages.leaderboard, "\n\n".join(parts))
    candidate = verdict["candidate"] or {}
    shown = candidate or verdict["leaders"][0]
    best, checks = shown["model"], [check for check in shown["checks"] if check["name"].startswith(LESION)]
    show_numbers(
        pages.numbers,
        {
            "models": verdict["models"],
            "models_not_trained": len(failed),
            "held_out_examinations": verdict["examinations"],
            "candidate_ssim": candidate.get("select_by_mean"),
            "candidate_lesion_bias": candidate.get("lesion_bias"),
            "candidate_guards_failed": len(verdict["failed_guards"].get(best, ())),
            "models_refused_by_guards": len(verdict["failed_guards"]),
            "same_winner_share": verdict["stability"]["same_winner"],
            "loosened_limits": len(verdict["loosened"]),
            **{f"found_{check['name'].replace('-', '_')}": check["found"] for check in checks},
        },
    )
