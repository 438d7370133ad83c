"""How long the report of a study as large as the paper's takes, and how much memory.

    python benchmarks/report.py [--examinations 756] [--models 62] [--matrix 240] [--slices 20]

Makes the tables and images that a finished run of this size leaves behind (images of 12 examinations,
under the names of all), starts `cbvsynth report` as a process of its own, and prints its CPU seconds, its
wall seconds, the most memory it held, and the size of its pages. Stops with 1 when CPU time is not under
60 s, memory not under 500 MB, or a page not under 5 MB. The tables are made up; nothing is trained.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Evidence
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId, Sequence, TargetUnit, all_models
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.pages.tables.leaderboard import write_leaderboard_csv
from cbvsynth.records.costs import TrainingCost, write_cost
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, write_index
from cbvsynth.records.maps import MapIndex, write_map, write_map_index
from cbvsynth.records.results import read_scores, write_scores
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.summaries import TrainSummary, write_summary
from cbvsynth.records.verdicts import write_verdict

DIAGNOSES = ("high-grade glioma", "low-grade glioma", "lymphoma", "metastasis", "radionecrosis")
DISTINCT = 12
MOST_SECONDS, MOST_MB, MOST_PAGE_MB = 60.0, 500.0, 5.0


def main() -> int:
    """Make the run, report on it, and compare with the limits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("examinations", 756), ("models", 62), ("matrix", 240), ("slices", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cbvsynth-report-") as folder:
        root = Path(folder)
        index = write_examinations(root, flags.examinations, (flags.matrix, flags.matrix, flags.slices))
        write_tables(root, index, [model.slug for model in all_models()][: flags.models])
        started = time.monotonic()
        command = [sys.executable, "-m", "cbvsynth.cli", "report", "--artifacts", str(root / "artifacts")]
        subprocess.run([*command, "--out", str(root / "report")], check=True)
        wall_s = time.monotonic() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        sizes = [path.stat().st_size / 1e6 for path in (root / "report").rglob("*.html")]
    cpu_s, memory_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3
    print(
        f"{flags.examinations} examinations of {flags.matrix} x {flags.matrix} x {flags.slices}, "
        f"{flags.models} models: CPU {cpu_s:.1f} s, wall {wall_s:.1f} s, memory {memory_mb:.0f} MB; "
        f"{len(sizes)} pages, largest {max(sizes):.2f} MB, all {sum(sizes):.0f} MB"
    )
    return int(not (cpu_s < MOST_SECONDS and memory_mb < MOST_MB and max(sizes) < MOST_PAGE_MB))


def write_examinations(root: Path, count: int, shape: tuple[int, int, int]) -> ExaminationIndex:
    """Write the cache and the maps; all examinations are held out."""
    cache, maps = root / "artifacts/preprocess", root / "artifacts/maps"
    rng = np.random.default_rng(0)
    entries = []
    for number in range(count):
        name = f"sub-{number:04d}_ses-1"
        if number < DISTINCT:
            write_images(cache / name, maps, name, shape, rng)
        else:
            same = f"sub-{number % DISTINCT:04d}_ses-1"
            (cache / name).symlink_to(cache / same)
            os.link(maps / f"{same}.npy", maps / f"{name}.npy")
        entries.append(
            CachedExamination(
                exam_id=name,
                subject_id=f"sub-{number:04d}",
                session_id="ses-1",
                split="held-out",
                diagnosis=DIAGNOSES[number % len(DIAGNOSES)],
                grade="",
                sequences=tuple(Sequence),
                target_unit=TargetUnit.ML_PER_100G,
                shape=shape,
                spacing_mm=(0.92, 0.92, 6.0),
                affine=((0.92, 0, 0, 0), (0, 0.92, 0, 0), (0, 0, 6.0, 0), (0, 0, 0, 1)),
                fingerprint=f"{number:064d}",
            )
        )
    index = ExaminationIndex(cache, "1", TargetUnit.ML_PER_100G, "patient", "f" * 64, tuple(entries))
    write_index(index)
    return index


def write_images(
    folder: Path, maps: Path, name: str, shape: tuple[int, int, int], rng: np.random.Generator
) -> None:
    """T1C, CBV, mask, lesion and synthetic map of one made-up head."""
    folder.mkdir(parents=True)
    maps.mkdir(exist_ok=True)
    axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    mask = axes[0] ** 2 + axes[1] ** 2 < 0.8
    lesion = (axes[0] - 0.3) ** 2 + (axes[1] - 0.1) ** 2 + 0.3 * axes[2] ** 2 < 0.03
    texture = gaussian_filter(rng.normal(size=shape), (1.5, 1.5, 0.5))
    cbv = np.clip(3 + 4 * texture / texture.std() / 3 + 5 * lesion, 0, None) * mask
    noise = gaussian_filter(rng.normal(size=shape), (1, 1, 0))
    np.save(folder / "cbv.npy", cbv.astype(np.float32))
    np.save(
        folder / "t1c.npy", ((900 + 200 * texture / texture.std() + 600 * lesion) * mask).astype(np.float32)
    )
    np.save(folder / "mask.npy", mask)
    np.save(folder / "seg.npy", (3 * (lesion & mask)).astype(np.uint8))
    write_map(maps, name, (np.clip(cbv + noise, 0, None) * mask).astype(np.float32))


def write_tables(root: Path, index: ExaminationIndex, models: list[str]) -> None:
    """Write scores, summaries, costs, verdict and measures."""
    artifacts, rng = root / "artifacts", np.random.default_rng(1)
    for number, slug in enumerate(models):
        scores = [made_up_score(slug, one, 0.84 - 0.0005 * number, rng) for one in index.examinations]
        write_scores(artifacts / "train" / slug / "per_exam.csv", scores)
        write_summary(artifacts / "train" / slug / "summary.json", made_up_summary(slug, index))
        write_cost(artifacts / "checkpoints" / slug, TrainingCost(1000.0 + 13 * number, 3.0, 40.0, "made up"))
    settings = GateSettings(bootstrap_samples=100)
    baseline = [
        replace(row, model=name, ssim_3d_whole=0.6, lesion_cbv_synthetic=0.0)
        for name in settings.required_baselines
        for row in scores
    ]
    write_scores(artifacts / "evaluate/baselines.csv", baseline)
    sweep = read_sweep(artifacts / "train", [ModelId.parse(slug) for slug in models])
    evidence = Evidence(sweep.per_exam_sha256, sha256_of(artifacts / "evaluate/baselines.csv"))
    stored = group_by_name(read_scores(artifacts / "evaluate/baselines.csv"))
    evaluation = evaluate_sweep(sweep.models, stored, None, settings, evidence)
    write_verdict(artifacts / "evaluate/verdict.json", evaluation.verdict)
    write_leaderboard_csv(artifacts / "evaluate/leaderboard.csv", evaluation.rows, evaluation.baselines)
    measures = [
        MapMeasures(one.exam_id, kind, *(float(value) for value in rng.gamma(9, 0.4, 5)))
        for one in index.examinations
        for kind in MapKind
    ]
    names = tuple(one.exam_id for one in index.examinations)
    made = MapIndex(models[0], "digest", "mL/100g", 25.0, index.data_fingerprint, "other data", names)
    write_map_index(artifacts / "maps", made, measures)


def made_up_score(slug: str, one: CachedExamination, mean: float, rng: np.random.Generator) -> ExamScore:
    """Scores of no model."""
    ssim, real = float(np.clip(rng.normal(mean, 0.04), 0, 1)), float(rng.gamma(9, 0.5))
    return ExamScore(
        model=slug,
        exam_id=one.exam_id,
        subject_id=one.subject_id,
        diagnosis=one.diagnosis,
        target_unit=one.target_unit.value,
        data_range=25.0,
        ssim_3d_whole=ssim,
        ssim_3d_brain=ssim,
        ssim_2d_whole=ssim,
        ssim_2d_brain=ssim,
        mae_whole=0.3,
        mae_brain=0.8,
        mae_lesion=1.0,
        psnr_whole=30.0,
        psnr_brain=27.0,
        ncc_brain=0.9,
        lesion_cbv_real=real,
        lesion_cbv_synthetic=real + float(rng.normal(0, 0.5)),
        lesion_volume_ml=20.0,
    )


def made_up_summary(slug: str, index: ExaminationIndex) -> TrainSummary:
    """The summary of no model."""
    identity = ModelId.parse(slug)
    return TrainSummary(
        model=slug,
        algorithm=identity.algorithm.value,
        sequences=tuple(one.value for one in identity.combination.sequences),
        target_unit="mL/100g",
        data_range=25.0,
        ssim_conventions=SSIM_CONVENTIONS,
        preprocessing_version="1",
        data_fingerprint=index.data_fingerprint,
        settings={},
        seed_used=0,
        restarts=0,
        epochs=1,
        steps=1,
        parameters=490881,
        train_examinations=1,
        held_out_examinations=len(index.examinations),
        means={},
        sds={},
        versions={},
        saved_model_sha256={},
        saved_model_digest=f"digest of {slug}",
    )


if __name__ == "__main__":
    sys.exit(main())
