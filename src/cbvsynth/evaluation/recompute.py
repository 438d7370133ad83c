"""Compute a stored verdict again from the tables it rests on, and say what differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from cbvsynth.domain.selection.evaluation import Evaluation, evaluate_sweep
from cbvsynth.domain.selection.records import Evidence, PresentChampion, Verdict
from cbvsynth.domain.sequences import ModelId
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.records.results import read_scores
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.verdicts import read_verdict, verdict_record

VERDICT_FILE = "verdict.json"
BASELINES_FILE = "baselines.csv"
CHAMPION_FILE = "champion_per_exam.csv"

TOLERANCE = 1e-9
"""Relative; sums may round differently on another processor."""


def evaluate_again(evaluate: Path, results: Path) -> tuple[Verdict, Evaluation]:
    """The stored verdict, and the evaluation that its tables give now; no image is read.

    Raises:
        ResultError: a table is missing or damaged, or the tables may no longer be compared.
    """
    stored = read_verdict(evaluate / VERDICT_FILE)
    sweep = read_sweep(results, [ModelId.parse(model) for model in stored.evidence.per_exam])
    champion = _champion(evaluate, stored)
    evidence = Evidence(
        per_exam=sweep.per_exam_sha256,
        baselines=sha256_of(evaluate / BASELINES_FILE),
        champion=sha256_of(evaluate / CHAMPION_FILE) if champion else "",
    )
    baselines = group_by_name(read_scores(evaluate / BASELINES_FILE))
    return stored, evaluate_sweep(sweep.models, baselines, champion, stored.settings, evidence)


def _champion(evaluate: Path, stored: Verdict) -> PresentChampion | None:
    if stored.champion is None:
        return None
    return PresentChampion(
        version=stored.champion.version,
        model=stored.champion.model,
        digest=stored.champion.digest,
        data_fingerprint=stored.champion.data_fingerprint,
        scores=read_scores(evaluate / CHAMPION_FILE),
        settings=stored.champion.settings,
    )


def verdict_differences(stored: Verdict, again: Verdict) -> tuple[str, ...]:
    """Every place where two verdicts differ, as in ``candidate.rank: stored 1, now 2``."""
    return tuple(_differences("", verdict_record(stored), verdict_record(again)))


def _differences(place: str, stored: object, again: object) -> Iterator[str]:
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        for key in dict.fromkeys((*stored, *again)):
            inner = f"{place}.{key}" if place else str(key)
            yield from _differences(inner, stored.get(key, "nothing"), again.get(key, "nothing"))
    elif isinstance(stored, list | tuple) and isinstance(again, list | tuple):
        if len(stored) != len(again):
            yield f"{place}: stored {len(stored)} entries, now {len(again)}"
        for position, (before, now) in enumerate(zip(stored, again, strict=False)):
            yield from _differences(f"{place}[{position}]", before, now)
    elif not _equal(stored, again):
        yield f"{place}: stored {stored}, now {again}"


def _equal(stored: object, again: object) -> bool:
    numbers = (int, float)
    if isinstance(stored, numbers) and isinstance(again, numbers) and not isinstance(stored, bool):
        return math.isclose(stored, again, rel_tol=TOLERANCE, abs_tol=1e-12)
    return type(stored) is type(again) and stored == again
