"""`cbvsynth sweep ...`: which models a sweep trains, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from tyro.conf import Positional

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.domain.sequences import (
    Algorithm,
    ModelId,
    all_combinations,
    select_models,
)
from cbvsynth.domain.wording import counted
from cbvsynth.pages.tables.paper import paper_score_text
from cbvsynth.records.costs import read_cost
from cbvsynth.records.json_codec import to_json
from cbvsynth.records.ledger import RunState, RunStatus, read_state
from cbvsynth.records.parameters import read_sweep_models, write_sweep_models
from cbvsynth.records.summaries import read_summary

QUICK = (
    "encdec-t2-t1c",
    "encdec-t1-t1c-adc",
    "fcgan-t1-t1c-adc",
    "encdec-t1-t2-t1c-flair-adc",
)
"""Models of the quick sweep: two to five sequences; the paper's best, without ADC and by both algorithms."""

PARAMS = Path("params.yaml")


def show(patterns: Positional[tuple[str, ...]] = ("all",)) -> None:
    """List models with the SSIM that the paper reports for them.

    Args:
        patterns: Model ids or globs, as in encdec-t1c or 'fcgan-*-adc'; the paper's 62 by default. Those of
            other algorithms are listed where they are named, as in 'flow-*'. One with the optional ASL is
            named in full, as encdec-t1-t1c-asl.
    """
    rows = [
        (model.slug, str(len(model.combination.sequences)), paper_score_text(model))
        for model in select_models(patterns)
    ]
    _print_table(("model", "sequences", "paper's SSIM, %"), rows)


def paper(params: Path = PARAMS) -> None:
    """Choose all 62 models of the paper: both algorithms on each of the 31 combinations.

    Args:
        params: File of parameters; only the list sweep.models in it is changed.
    """
    both = (Algorithm.ENCDEC, Algorithm.FCGAN)
    _choose(params, [ModelId(one, combination).slug for combination in all_combinations() for one in both])


def quick(params: Path = PARAMS) -> None:
    """Choose 4 models: the paper's best without and with ADC, this by both algorithms, and all sequences.

    Args:
        params: File of parameters; only the list sweep.models in it is changed.
    """
    _choose(params, QUICK)


def status(
    params: Path = PARAMS,
    results: Path = Path("artifacts/train"),
    checkpoints: Path = Path("artifacts/checkpoints"),
    json: AsJson = 0,
) -> None:
    """Show how far the sweep has come, and what each model cost.

    Args:
        params: File of parameters; its list sweep.models says which models are wanted.
        results: Results of train, a folder per model.
        checkpoints: Resumable state of train, a folder per model.
        json: Print it as JSON, a list of models; SSIM as a share of 1.
    """
    entries = [_entry(model, results, checkpoints) for model in select_models(read_sweep_models(params))]
    if json:
        print_json([{**to_json(entry), "model": entry.model.slug} for entry in entries])
        return
    _print_table(
        ("model", "state", "epochs", "seconds", "SSIM, %", ""),
        [
            (
                entry.model.slug,
                entry.progress.value,
                entry.epochs,
                f"{entry.seconds:.0f}" if entry.seconds else "",
                "" if entry.ssim is None else f"{100 * entry.ssim:.2f}",
                entry.message,
            )
            for entry in entries
        ],
    )
    counts = {word: sum(entry.progress is word for entry in entries) for word in Progress}
    total_s = sum(entry.seconds for entry in entries)
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    print(f"\n{counted(len(entries), 'model')}: {told}; {total_s:.0f} s ({total_s / 3600:.2f} h) so far")


MAX_FOLDS = 1000
"""More than studies have patients; each fold costs a whole sweep."""


def folds(
    *,
    count: int = 5,
    models: tuple[str, ...] = (),
    params: Path = PARAMS,
    examinations: Path = Path("artifacts/preprocess"),
    out: Path = Path("artifacts/folds"),
) -> None:
    """Train the sweep again in folds, each patient held out once, and say in which share its winner wins.

    It takes as many times the time of the sweep as there are folds. What was trained is not trained again.
    Nothing is promoted: a fold's model has seen fewer patients than that of the run.

    Args:
        count: How many folds.
        models: Model ids or globs; those of params.yaml when not given.
        params: File of parameters; its settings train and judge.
        examinations: Cached examinations made by preprocess.
        out: Folder for the folds and folds.json.
    """
    from cbvsynth.domain.ranges import require_range
    from cbvsynth.planning.settings import read_run_settings
    from cbvsynth.proof.folds import run_folds

    require_range("count", count, 2, MAX_FOLDS)
    settings = read_run_settings(params)
    chosen = select_models(models) if models else settings.models
    print(run_folds(settings, chosen, count, examinations, out).text)


class Progress(StrEnum):
    """Where one model of the sweep stands."""

    DONE = "done"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class _Entry:
    model: ModelId
    progress: Progress
    epochs: str
    seconds: float
    ssim: float | None
    message: str


def _entry(model: ModelId, results: Path, checkpoints: Path) -> _Entry:
    state, cost = read_state(checkpoints / model.training), read_cost(checkpoints / model.slug)
    summary_file = results / model.slug / "summary.json"
    progress = _progress(state, has_result=summary_file.is_file())
    done = read_summary(summary_file) if progress is Progress.DONE else None
    seconds = cost.total_s if cost and done else (state.seconds if state else 0.0)
    epochs = f"{state.epoch}/{state.epochs}" if state else (f"{done.epochs}/{done.epochs}" if done else "")
    return _Entry(
        model=model,
        progress=progress,
        epochs=epochs,
        seconds=seconds,
        ssim=done.means["ssim_3d_whole"] if done else None,
        message=state.message if state and progress is not Progress.DONE else "",
    )


def _progress(state: RunState | None, *, has_result: bool) -> Progress:
    """A run is done when its result is there: after training, export and scores are still to come."""
    if state is None or (state.status is RunStatus.DONE and has_result):
        return Progress.DONE if has_result else Progress.WAITING
    if state.status is RunStatus.FAILED:
        return Progress.FAILED
    if state.status is RunStatus.DONE:  # trained; export and scores are under way, or were cut short
        state = replace(state, status=RunStatus.RUNNING)
    return Progress.INTERRUPTED if state.is_interrupted else Progress.RUNNING


def _choose(params: Path, models: Sequence[str]) -> None:
    changed = write_sweep_models(params, models)
    print(f"{params}: {counted(len(models), 'model')} under sweep.models{'' if changed else ', as before'}")


def _print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print aligned columns: the first to the left, numbers to the right."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    sides: list[Callable[[str, int], str]] = [
        str.rjust if title in ("sequences", "epochs", "seconds", "SSIM, %") else str.ljust for title in header
    ]
    for row in table:
        cells = [side(cell, width) for side, cell, width in zip(sides, row, widths, strict=True)]
        print("  ".join(cells).rstrip())
