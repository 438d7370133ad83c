"""How often the demo ends with a champion: the demo again with other seeds, judged by the default gate.

    python benchmarks/seeds.py [--seeds 40] [--models encdec-t1-t1c-adc encdec-t2-t1c ...] [--out FOLDER]

Needs the arrays of a finished demo (artifacts/preprocess). A seed says who is held out, how weights start and
in which order examinations come; everything else is params.yaml's. Each seed trains the models in turn until
one passes every guard, since a verdict promotes as soon as one does and no model's guards ask of another
model. So a seed that holds here holds in the demo, and one that fails here may still hold there if a model of
the demo was not named; by default all are. A seed that is done is not done again: stop it and go on, or ask
for more seeds.

Prints each seed as it comes, and at the end the share that holds with its 95 % interval (Wilson), and how
often each guard failed. About 170 CPU seconds a model.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from math import sqrt
from pathlib import Path

import yaml

from cbvsynth.config import TrainConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import SplitStrata, SplitUnit
from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Evidence, Standing
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import select_models
from cbvsynth.domain.splits import assign_splits
from cbvsynth.evaluation.baseline_scores import score_baselines
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.proof.folds import resplit
from cbvsynth.records.examinations import ExaminationIndex, read_index
from cbvsynth.records.storage import write_text

MODELS = (
    "encdec-t1-t1c-adc",
    "encdec-t1-t2-t1c-flair-adc",
    "encdec-t2-t1c",
    "fcgan-t1-t1c-adc",
)
"""Those of the demo, the likeliest to pass first."""
Z95 = 1.959964


def with_split(index: ExaminationIndex, root: Path, seed: int, share: float) -> ExaminationIndex:
    """The same arrays, held out anew by another seed, as preprocess would; written to a folder of its own."""
    listed = [
        Examination(one.exam_id, one.subject_id, one.session_id, {}, diagnosis=one.diagnosis)
        for one in index.examinations
    ]
    splits = assign_splits(listed, SplitUnit.PATIENT, share, seed, SplitStrata.DIAGNOSIS)
    return resplit(index, root, splits)


def judge(index: ExaminationIndex, results: Path, models: tuple[str, ...]) -> tuple[Standing, ...]:
    """How each model stands by the default limits, best SSIM first."""
    sweep = read_sweep(results, select_models(models))
    exams = {score.exam_id for scored in sweep.models for score in scored.scores}
    baselines = group_by_name(score_baselines(index, exams, sweep.models[0].data_range))
    evidence = Evidence(per_exam=sweep.per_exam_sha256, baselines="", champion="")
    return evaluate_sweep(sweep.models, baselines, None, GateSettings(), evidence).verdict.leaders


def run_seed(  # noqa: PLR0913, PLR0917  # each is a part of what is run
    seed: int,
    index: ExaminationIndex,
    share: float,
    models: tuple[str, ...],
    train: Mapping[str, object],
    folder: Path,
) -> dict[str, object]:
    """Train and judge one seed's models until one passes."""
    own = with_split(index, folder / "preprocess", seed, share)
    started = os.times()
    standings: tuple[Standing, ...] = ()
    for tried in range(1, len(models) + 1):
        flags = {**train, "model": models[tried - 1], "seed": seed, "example_count": 0}
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        subprocess.run(
            [
                sys.executable,
                "-m",
                "cbvsynth.cli",
                "train",
                *words,
                "--examinations",
                str(own.root),
                "--out",
                str(folder / "train"),
                "--checkpoints",
                str(folder / "checkpoints"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        standings = judge(own, folder / "train", models[:tried])
        if any(standing.passes for standing in standings):
            break
    ended = os.times()
    return {
        "seed": seed,
        "holds": any(standing.passes for standing in standings),
        "held_out_patients": len({one.subject_id for one in own.of_split("held-out")}),
        "cpu_s": round(sum(ended[:4]) - sum(started[:4]), 1),
        "models": {
            standing.model: {
                "ssim": standing.select_by_mean,
                "failed": {
                    check.name: [check.found, check.low, check.high]
                    for check in standing.checks
                    if check.passed is False
                },
                "unanswered": list(standing.unanswered),
                "measures": {check.name: [check.found, check.low, check.high] for check in standing.checks},
            }
            for standing in standings
        },
    }


def wilson(holding: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, unit = holding / of, Z95**2 / of
    middle = (share + unit / 2) / (1 + unit)
    half = Z95 * sqrt(share * (1 - share) / of + unit / (4 * of)) / (1 + unit)
    return middle - half, middle + half


def print_summary(found: list[dict[str, object]]) -> None:
    """The share of seeds that hold, and what failed, by model."""
    holding = sum(bool(one["holds"]) for one in found)
    low, high = wilson(holding, len(found))
    print(f"\n{holding} of {len(found)} seeds hold: {holding / len(found):.1%} ({low:.1%} to {high:.1%})")
    tried: Counter[str] = Counter()
    failed: dict[str, Counter[str]] = {}
    for one in found:
        for model, standing in one["models"].items():  # type: ignore[attr-defined]
            tried[model] += 1
            failed.setdefault(model, Counter()).update(standing["failed"].keys())
            failed[model]["(passes)"] += not standing["failed"]
    for model, count in tried.items():
        told = ", ".join(f"{name} {times}" for name, times in failed[model].most_common() if times)
        print(f"{model}, {count} seeds: {told}")


def main(  # noqa: PLR0913, PLR0917  # one for each flag
    study: Path = Path("artifacts/preprocess"),
    params: Path = Path("params.yaml"),
    models: tuple[str, ...] = MODELS,
    seeds: int = 40,
    first: int = 1,
    out: Path = Path("artifacts/seeds"),
) -> None:
    """Run the demo's training and verdict with other seeds.

    Args:
        study: arrays that preprocess made.
        params: the settings of the demo.
        models: in the order in which they are tried.
        seeds: how many.
        first: the first of them; the others follow.
        out: folder of what was found, a file for each seed.
    """
    settings = yaml.safe_load(params.read_text(encoding="utf-8"))
    TrainConfig(model=models[0])
    index = read_index(study)
    for seed in range(first, first + seeds):
        record = out / f"seed-{seed:03d}.json"
        if not record.is_file():
            started = time.perf_counter()
            work = out / "work" / f"seed-{seed:03d}"
            share = settings["preprocess"]["held_out_share"]
            found = run_seed(seed, index, share, models, settings["train"], work)
            write_text(record, json.dumps(found, indent=1) + "\n")
            shutil.rmtree(work)
            told = "holds" if found["holds"] else "fails"
            print(
                f"seed {seed}: {told}, {found['cpu_s']} CPU s, {time.perf_counter() - started:.0f} s",
                flush=True,
            )
    print_summary([json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("seed-*.json"))])


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/seeds.py"))
