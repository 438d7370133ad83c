"""What a learned spread is worth over several seeds, by diagnosis, on a preprocessed study.

python benchmarks/uncertainty.py [--examinations artifacts/preprocess] [--epochs 8] [--seeds 2023 2024 2025]

A run that was cut goes on with the trainings that it kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cbvsynth.domain.uncertainty import ExamUncertainty, UncertaintySummary

    Runs = Sequence[Sequence[ExamUncertainty]]


def main(  # noqa: PLR0913, PLR0917  # flags
    examinations: Path = Path("artifacts/preprocess"),
    combination: str = "t1-t1c-adc",
    epochs: int = 8,
    seeds: tuple[int, ...] = (2023, 2024, 2025),
    lesion_weight: float = 10.0,
    base_channels: int = 16,
    threshold: float = 4.25,
    kept: Path = Path("artifacts/benchmarks/uncertainty"),
) -> None:
    """Train an encoder-decoder with a spread for each seed; judge every patient by the other held-out ones.

    Figures are means over the seeds; brackets are 95 % intervals from patients drawn again, all examinations
    and seeds of a patient together.

    Args:
        examinations: cached examinations made by preprocess.
        combination: sequences of the model.
        epochs: passes over the training examinations.
        seeds: one training each.
        lesion_weight: what an error in a segmented lesion counts.
        base_channels: fewer are quicker.
        threshold: of lesion CBV, in the target's unit.
        kept: folder of the trainings.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        import tensorflow as tf  # noqa: F401  # belongs to the start
    from cbvsynth.config import TrainConfig
    from cbvsynth.domain.options import Spread
    from cbvsynth.domain.sequences import Combination, ModelId
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.calibration import SpreadNetworks, calibrate
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, usable_examinations
    from cbvsynth.training.fit import fit

    index, chosen = read_index(examinations), Combination.parse(combination)
    model, judged = ModelId.parse(f"encdec-{combination}"), usable_examinations(index, "held-out", chosen)
    runs = []
    for seed in seeds:
        config = TrainConfig(
            model=model.slug,
            epochs=epochs,
            seed=seed,
            checkpoint_every=1,
            lesion_weight=lesion_weight,
            base_channels=base_channels,
            spread=Spread.LEARNED,
        )
        data = CachedTrainingData(index, chosen, config.cbv_max, emphasis=Emphasis(lesion_weight))
        fitted = fit(model, config, data, kept / f"{model.slug}-{seed}", index.data_fingerprint)
        networks = SpreadNetworks(fitted.generator, fitted.spread, chosen, config.cbv_max)
        runs.append(calibrate(networks, index, judged).rows)
    print(
        f"{model}, {epochs} epochs, {base_channels} channels, seeds {', '.join(map(str, seeds))}; threshold "
        f"{threshold:g}\n"
    )
    _show(runs, threshold)


COLUMNS: dict[str, tuple[Callable[[UncertaintySummary], float], int]] = {
    "voxels inside, %": (lambda one: 100 * one.brain_coverage, 1),
    "lesions inside, %": (lambda one: 100 * one.lesion_coverage, 1),
    "error of the surest": (lambda one: one.area, 2),
    "of all": (lambda one: one.area_blind, 2),
    "at best": (lambda one: one.area_best, 2),
    "undecided, %": (lambda one: 100 * one.undecided / max(one.lesions, 1), 0),
    "decided wrongly, %": (lambda one: 100 * one.wrong / max(one.lesions, 1), 0),
}


def _show(runs: Runs, threshold: float, samples: int = 1000) -> None:
    print(f"| | examinations | {' | '.join(COLUMNS)} |\n|---|---|{'---|' * len(COLUMNS)}")
    for name in (*sorted({row.diagnosis for row in runs[0]}), ""):
        groups = [[row for row in run if name in ("", row.diagnosis)] for run in runs]
        print(f"| {name or 'all'} | {len(groups[0])} | {' | '.join(_cells(_figures(groups, threshold)))} |")
    names, rng = sorted({row.subject_id for row in runs[0]}), np.random.default_rng(2023)
    drawn = [rng.choice(names, len(names)) for _ in range(samples)]
    table = np.array(
        [
            _figures(
                [[row for one in draw for row in run if row.subject_id == one] for run in runs], threshold
            )
            for draw in drawn
        ]
    )
    low, high = (_cells(limit) for limit in np.nanpercentile(table, (2.5, 97.5), axis=0))
    print(f"| 95 % interval | | {' | '.join(f'{a} to {b}' for a, b in zip(low, high, strict=True))} |")
    for run in runs:
        print(f"| one seed | {len(run)} | {' | '.join(_cells(_figures([run], threshold)))} |")
    surest, every = (list(COLUMNS).index(name) for name in ("error of the surest", "of all"))
    less = np.nanpercentile(table[:, every] - table[:, surest], (2.5, 97.5))
    print(f"\nThe surest lesions' error is less than that of all by {less[0]:.2f} to {less[1]:.2f}.")


def _figures(runs: Runs, threshold: float) -> list[float]:
    """Each column over all rows of a run, averaged over the runs."""
    from cbvsynth.domain.uncertainty import summaries_by_diagnosis

    overall = [summaries_by_diagnosis(run, threshold)[-1] for run in runs]
    return [float(np.mean([of(one) for one in overall])) for of, _ in COLUMNS.values()]


def _cells(values: Iterable[float]) -> list[str]:
    return [f"{value:.{digits}f}" for value, (_, digits) in zip(values, COLUMNS.values(), strict=True)]


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/uncertainty.py"))
