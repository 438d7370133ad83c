"""Encoder-decoder, GAN and rectified flow at equal cost of training, on a preprocessed study.

python benchmarks/algorithms.py [--examinations artifacts/preprocess] [--epochs 8] [--seeds 2023 2024 2025]

A run that was cut goes on with the trainings that it kept.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

SAMPLINGS = ((1, "euler"), (2, "euler"), (4, "euler"), (8, "euler"), (2, "heun"), (4, "heun"))


def main(  # noqa: PLR0913, PLR0917  # flags
    examinations: Path = Path("artifacts/preprocess"),
    combination: str = "t1-t1c-adc",
    epochs: int = 8,
    seeds: tuple[int, ...] = (2023, 2024, 2025),
    lesion_weight: float = 10.0,
    algorithms: tuple[str, ...] = ("encdec", "fcgan", "flow"),
    base_channels: int = 16,
    kept: Path = Path("artifacts/benchmarks/algorithms"),
) -> None:
    """Train each algorithm for the operations that the GAN's epochs take, and measure the held-out maps.

    Brackets are 95 % intervals from patients drawn again, all seeds of a patient together.

    Args:
        examinations: cached examinations made by preprocess.
        combination: sequences of the models.
        epochs: the GAN's; the others get as many as cost the same.
        seeds: one training each.
        lesion_weight: what an error in a segmented lesion counts.
        algorithms: those that are trained.
        base_channels: of all; fewer are quicker.
        kept: folder of the trainings.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        import tensorflow as tf  # noqa: F401  # belongs to the start
    from held_out_maps import cell, held_out, made_by, measure, summarise

    from cbvsynth.config import TrainConfig
    from cbvsynth.domain.options import FlowSolver
    from cbvsynth.domain.sequences import Combination, ModelId
    from cbvsynth.models.flow import FlowSampling
    from cbvsynth.planning.cost import map_operations, step_operations
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, usable_examinations
    from cbvsynth.training.fit import fit

    index, chosen = read_index(examinations), Combination.parse(combination)
    scored = held_out(index, usable_examinations(index, "held-out", chosen), chosen)
    subjects = [one.subject_id for one in scored]
    config = TrainConfig(
        model=f"fcgan-{combination}", lesion_weight=lesion_weight, base_channels=base_channels
    )
    data = CachedTrainingData(index, chosen, config.cbv_max, emphasis=Emphasis(lesion_weight))
    voxels = scored[0].real.size
    budget = epochs * step_operations(ModelId.parse(config.model), config, voxels)
    print(
        f"{combination}, {len(data)} examinations learned from, {len(scored)} held out; "
        f"{base_channels} channels; seeds {seeds}\n"
    )
    print("| | epochs | GFLOP of training | GFLOP a map | SSIM, % | lesion error | slope | fine power |")
    print("|---|---|---|---|---|---|---|---|")
    for algorithm in algorithms:
        model = ModelId.parse(f"{algorithm}-{combination}")
        fitting = round(budget / step_operations(model, config, voxels))
        trained = []
        for seed in seeds:
            setting = TrainConfig(
                model=model.slug,
                epochs=fitting,
                seed=seed,
                checkpoint_every=1,
                lesion_weight=lesion_weight,
                base_channels=base_channels,
            )
            folder = kept / f"{model.slug}-{seed}"
            trained.append(fit(model, setting, data, folder, index.data_fingerprint).generator)
        for steps, solver in SAMPLINGS if algorithm == "flow" else ((1, "euler"),):
            runs = []
            for network in trained:
                network.sampling = FlowSampling(steps, FlowSolver(solver))
                runs.append(measure(partial(made_by, network, config.cbv_max), scored, config.cbv_max))
            row = summarise(runs, subjects)
            setting = TrainConfig(
                model=model.slug,
                flow_steps=steps,
                flow_solver=FlowSolver(solver),
                base_channels=base_channels,
            )
            name = f"{algorithm}, {steps} {solver}" if algorithm == "flow" else algorithm
            spent = fitting * len(data) * step_operations(model, config, voxels)
            shown = (row.ssim_pct, row.lesion_error, row.slope, row.fine_power)
            operations = f"{spent / 1e9:.0f} | {map_operations(model, setting, voxels) / 1e9:.2f}"
            print(f"| {name} | {fitting} | {operations} | {' | '.join(map(cell, shown))} |", flush=True)


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/algorithms.py"))
