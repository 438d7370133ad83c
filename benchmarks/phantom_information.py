"""How much each combination of sequences tells about CBV on the phantom, voxel by voxel.

    python benchmarks/phantom_information.py [--patients 40] [--out FILE.csv] [--lesions]

A gradient-boosted regressor per combination learns CBV from the intensities of single voxels of 70 % of
the patients and is scored on the rest: SSIM over the whole volume and in the brain (range 25 mL/100 g),
R2, mean absolute error. No neighbourhood is seen and no network trained, so that the 31 rows show what
the physics of the phantom put in. About 5 minutes on two cores.

With --lesions it answers by diagnosis instead: mean lesion CBV, real and learned, from a few combinations,
with every voxel of the brain alike and with a lesion's weighing 20 times as much. What single voxels tell is
less than what a network can see, but no model can know what no voxel and no shape holds: read the weighted
rows as what the sequences hold at least, and the difference of the two as what unweighted learning loses.
Under 2 minutes on two cores.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor
from tqdm import tqdm

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.sequences import Combination, Sequence, all_combinations
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.plan import diagnosis_of

DATA_RANGE = 25.0
TRAINING_SHARE = 0.7
TRAINING_VOXELS = 120_000
LESION_COMBINATIONS = ("t1-t1c-adc", "t2-t1c", "t1c", "t1-t2-t1c-flair-adc", "t1-t2-flair-adc")
LESION_WEIGHTS = (1.0, 20.0)
LESION_COLUMNS = (
    *("combination", "lesion_weight", "diagnosis", "lesions", "real", "learned", "bias", "slope", "r"),
    "texture",
)
BRAIN_SHARE = 0.12
"""Of the brain's voxels so many are learned from, and all of a lesion that weighs more."""
COLUMNS = ("combination", "ssim_3d_whole_pct", "ssim_3d_brain_pct", "r2", "mae")

Float64Array = npt.NDArray[np.float64]


def voxels(case: PhantomCase, combination: Combination) -> Float64Array:
    """Intensities of the brain's voxels, (N, sequences): over the brain's mean, ADC in 1e-3 mm2/s."""
    columns = []
    for sequence in combination.sequences:
        inside = case.images[sequence][case.brain]
        columns.append(inside / 1000.0 if sequence is Sequence.ADC else inside / inside.mean())
    return np.stack(columns, axis=1)


def row_of(
    combination: Combination, training: list[PhantomCase], held_out: list[PhantomCase]
) -> tuple[object, ...]:
    """Scores of one combination on the held-out cases."""
    inputs = np.concatenate([voxels(case, combination) for case in training])
    target = np.concatenate([case.cbv[case.brain] for case in training])
    chosen = np.random.default_rng(0).permutation(target.size)[:TRAINING_VOXELS]
    model = HistGradientBoostingRegressor(max_iter=150, random_state=0).fit(inputs[chosen], target[chosen])
    scores, errors, real = [], [], []
    for case in held_out:
        predicted = np.zeros(case.brain.shape)
        predicted[case.brain] = np.maximum(model.predict(voxels(case, combination)), 0.0)
        scores.append(score_ssim(case.cbv, predicted, case.brain, data_range=DATA_RANGE))
        errors.append((predicted - case.cbv)[case.brain])
        real.append(case.cbv[case.brain])
    error, truth = np.concatenate(errors), np.concatenate(real)
    return (
        combination.slug,
        round(100 * float(np.mean([score.cube_whole for score in scores])), 2),
        round(100 * float(np.mean([score.cube_brain for score in scores])), 2),
        round(1 - float((error**2).mean() / truth.var()), 3),
        round(float(np.abs(error).mean()), 3),
    )


def lesion_rows(
    combination: Combination, weight: float, training: list[PhantomCase], held_out: list[PhantomCase]
) -> list[tuple[object, ...]]:
    """Lesion CBV by diagnosis, and over all, as a regressor learned it from single voxels."""
    rng = np.random.default_rng(0)
    inputs, target, weights = [], [], []
    for case in training:
        lesion = lesion_region(case.lesion, case.brain)[case.brain]
        kept = (rng.random(lesion.size) < BRAIN_SHARE) | (lesion & (weight > 1))
        inputs.append(voxels(case, combination)[kept])
        target.append(case.cbv[case.brain][kept])
        weights.append(np.where(lesion, weight, 1.0)[kept])
    model = HistGradientBoostingRegressor(max_iter=100, random_state=0).fit(
        np.concatenate(inputs), np.concatenate(target), sample_weight=np.concatenate(weights)
    )
    found: dict[str, list[tuple[float, float, float]]] = {}
    for case in held_out:
        lesion = lesion_region(case.lesion, case.brain)[case.brain]
        real = case.cbv[case.brain][lesion]
        learned = np.maximum(model.predict(voxels(case, combination)[lesion]), 0.0)
        row = (float(real.mean()), float(learned.mean()), float(np.corrcoef(real, learned)[0, 1]))
        found.setdefault(str(case.diagnosis), []).append(row)
    everything = {**dict(sorted(found.items())), "all": [row for rows in found.values() for row in rows]}
    return [_lesion_row(combination, weight, name, np.asarray(rows)) for name, rows in everything.items()]


def _lesion_row(combination: Combination, weight: float, name: str, rows: Float64Array) -> tuple[object, ...]:
    real, learned, texture = rows.T
    line = (
        (round(float(np.polyfit(real, learned, 1)[0]), 2), round(float(np.corrcoef(real, learned)[0, 1]), 2))
        if name == "all"
        else ("", "")
    )
    means = (round(float(value), 2) for value in (real.mean(), learned.mean(), (learned - real).mean()))
    return combination.slug, weight, name, len(rows), *means, *line, round(float(texture.mean()), 2)


def main() -> None:
    """Draw the cases, score the 31 combinations, print them best first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--lesions", action="store_true", help="by diagnosis instead of by combination")
    arguments = parser.parse_args()
    people = tqdm(range(1, arguments.patients + 1), desc="drawing", unit="case")
    cases = [make_case(patient=patient, diagnosis=diagnosis_of(patient)) for patient in people]
    border = round(TRAINING_SHARE * len(cases))
    if arguments.lesions:
        columns: tuple[str, ...] = LESION_COLUMNS
        rows = [
            row
            for slug in tqdm(LESION_COMBINATIONS, desc="learning", unit="combination")
            for weight in LESION_WEIGHTS
            for row in lesion_rows(Combination.parse(slug), weight, cases[:border], cases[border:])
        ]
    else:
        columns = COLUMNS
        rows = [
            row_of(combination, cases[:border], cases[border:])
            for combination in tqdm(all_combinations(), desc="scoring", unit="combination")
        ]
        rows.sort(key=lambda row: str(row[0]))
        rows.sort(key=lambda row: float(str(row[1])), reverse=True)
    if arguments.out:
        with arguments.out.open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows((columns, *rows))
    csv.writer(sys.stdout, delimiter="\t", lineterminator="\n").writerows((columns, *rows))


if __name__ == "__main__":
    main()
