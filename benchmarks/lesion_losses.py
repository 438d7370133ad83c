"""What each loss that sees lesions gains or costs alone, on a preprocessed study.

python benchmarks/lesion_losses.py [--examinations artifacts/preprocess] [--epochs 8] [--seeds 2023 2024 2025]

A run that was cut goes on with the trainings that it kept.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path


def main(  # noqa: PLR0913, PLR0917  # flags
    examinations: Path = Path("artifacts/preprocess"),
    combination: str = "t1-t1c-adc",
    epochs: int = 8,
    seeds: tuple[int, ...] = (2023, 2024, 2025),
    base_channels: int = 16,
    varied: Path | None = None,
    kept: Path = Path("artifacts/benchmarks/lesion_losses"),
) -> None:
    """Train an encoder-decoder with each loss and print what the held-out maps are worth.

    Brackets are 95 % intervals from patients drawn again, all seeds of a patient together.

    Args:
        examinations: cached examinations made by preprocess.
        combination: sequences of the models.
        epochs: passes over the training examinations.
        seeds: one training each.
        base_channels: of all; fewer are quicker.
        varied: cached examinations of the same phantom with `--contrast varied`; then, instead of the losses,
            the two studies are learned from, and each network is measured in the held-out patients of both.
        kept: folder of the trainings.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        import tensorflow as tf  # noqa: F401  # belongs to the start
    from held_out_maps import cell, held_out, made_by, measure, summarise

    from cbvsynth.config import TrainConfig
    from cbvsynth.domain.options import Switch
    from cbvsynth.domain.sequences import Combination, ModelId
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, usable_examinations
    from cbvsynth.training.fit import fit

    index, chosen = read_index(examinations), Combination.parse(combination)
    choices = {
        "the paper's: every voxel alike": Emphasis(),
        "a lesion's voxels count 10 times": Emphasis(lesion_weight=10.0),
        "rare CBV counts more": Emphasis(strata=Switch.ON),
        "the lesion's mean, weight 0.1": Emphasis(region_weight=0.1),
        "the lesion's mean, weight 1": Emphasis(region_weight=1.0),
    }
    trials = [(name, str(n), each, index, index) for n, (name, each) in enumerate(choices.items())]
    if varied is not None:
        studies = {"the usual": index, "varied": read_index(varied)}
        trials = [
            (
                f"learned from {one} lesions, measured in {other}",
                folder,
                Emphasis(),
                studies[one],
                studies[other],
            )
            for one, folder in zip(studies, ("0", "varied"), strict=True)
            for other in studies
        ]
    model = ModelId.parse(f"encdec-{combination}")
    known = {one.subject_id for trial in trials for one in trial[3].of_split("train")}
    print(f"{model}, {epochs} epochs, {base_channels} channels, seeds {', '.join(map(str, seeds))}\n")
    print(
        "| | SSIM, % | of each seed | lesion error | slope | bias of low lesions |\n|---|---|---|---|---|---|"
    )
    for name, place, emphasis, learned_from, judged_in in trials:
        config = TrainConfig(
            model=model.slug,
            epochs=epochs,
            base_channels=base_channels,
            lesion_weight=emphasis.lesion_weight,
            region_weight=emphasis.region_weight,
            stratify=emphasis.strata,
        )
        usable = [
            one for one in usable_examinations(judged_in, "held-out", chosen) if one.subject_id not in known
        ]
        scored = held_out(judged_in, usable, chosen)
        data = CachedTrainingData(learned_from, chosen, config.cbv_max, emphasis=emphasis)
        runs = []
        for seed in seeds:
            seeded, folder = replace(config, seed=seed), kept / f"{place}-{seed}"
            network = fit(model, seeded, data, folder, learned_from.data_fingerprint).generator
            runs.append(measure(partial(made_by, network, config.cbv_max), scored, config.cbv_max))
        row = summarise(runs, [one.subject_id for one in scored])
        each = ", ".join(f"{value:.1f}" for value in row.ssim_of_seeds)
        shown = (cell(row.ssim_pct), each, cell(row.lesion_error), cell(row.slope), cell(row.low_bias))
        print(f"| {name} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/lesion_losses.py"))
