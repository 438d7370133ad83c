"""One model for all combinations against a model of each, at several times the cost of one.

python benchmarks/one_for_all.py [--examinations artifacts/preprocess] [--epochs 4] [--times 1 4 16 31]

A run that was cut goes on with the trainings that it kept.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from shutil import copytree
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def main(  # noqa: PLR0913, PLR0917  # flags
    examinations: Path = Path("artifacts/preprocess"),
    combinations: tuple[str, ...] = ("t1", "t1c", "t2-t1c", "t1-t1c-adc", "t1-t2-t1c-flair-adc"),
    epochs: int = 4,
    times: tuple[int, ...] = (1, 4, 16, 31),
    seeds: tuple[int, ...] = (2023, 2024),
    lesion_weight: float = 10.0,
    base_channels: int = 16,
    kept: Path = Path("artifacts/benchmarks/one_for_all"),
) -> None:
    """Train a model for each combination, and one for all of them for as many epochs times each number.

    Brackets are 95 % intervals from patients drawn again, all seeds of a patient together.

    Args:
        examinations: cached examinations made by preprocess.
        combinations: those that are compared; the one model learns all 31.
        epochs: passes of a dedicated model.
        times: cost of the one model, in trainings of one dedicated model; rising.
        seeds: one training each.
        lesion_weight: what an error in a segmented lesion counts.
        base_channels: of both; fewer are quicker.
        kept: folder of the trainings.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        import tensorflow as tf  # noqa: F401  # belongs to the start
    from held_out_maps import cell, held_out, made_by, measure, summarise

    from cbvsynth.config import TrainConfig
    from cbvsynth.domain.sequences import Combination, ModelId
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, Incomplete, usable_examinations
    from cbvsynth.training.fit import fit
    from cbvsynth.training.networks import served_generator

    index, cbv_max = read_index(examinations), TrainConfig(model="encdec-t1").cbv_max
    chosen = [Combination.parse(slug) for slug in combinations]
    scored = {one: held_out(index, usable_examinations(index, "held-out", one), one) for one in chosen}
    shape = next(iter(scored.values()))[0].real.shape
    print(
        f"{'x'.join(map(str, shape))}, {base_channels} channels, {epochs} epochs of a dedicated model, seeds "
        f"{', '.join(map(str, seeds))}\n"
    )
    print(
        f"| model | cost | {' | '.join(one.label for one in chosen)} | mean |\n"
        f"|---|---|{'---|' * (len(chosen) + 1)}"
    )

    def trained(model: ModelId, passes: int, seed: int, folder: Path) -> keras.Model:
        data = CachedTrainingData(
            index,
            model.trained_on,
            cbv_max,
            emphasis=Emphasis(lesion_weight),
            incomplete=Incomplete.FILLED if model.sharers > 1 else Incomplete.LEFT_OUT,
        )
        config = TrainConfig(
            model=model.slug,
            epochs=passes,
            seed=seed,
            checkpoint_every=1,
            lesion_weight=lesion_weight,
            base_channels=base_channels,
        )
        return fit(model, config, data, folder, index.data_fingerprint).generator

    def show(name: str, cost: str, networks: dict[Combination, list[keras.Model]]) -> None:
        ssim, slopes = [], []
        for one, found in networks.items():
            runs = [measure(partial(made_by, network, cbv_max), scored[one], cbv_max) for network in found]
            row = summarise(runs, [exam.subject_id for exam in scored[one]])
            ssim.append(row.ssim_pct)
            slopes.append(row.lesion_error)
        cells = [f"{cell(one, 1)}; {cell(other)}" for one, other in zip(ssim, slopes, strict=True)]
        mean = f"{fmean(one[0] for one in ssim):.1f}; {fmean(one[0] for one in slopes):.2f}"
        print(f"| {name} | {cost} | {' | '.join(cells)} | {mean} |", flush=True)

    dedicated: dict[Combination, list[keras.Model]] = {}
    for one in chosen:
        model = ModelId.parse(f"encdec-{one.slug}")
        for seed in seeds:
            dedicated.setdefault(one, []).append(trained(model, epochs, seed, kept / f"{model.slug}-{seed}"))
    show("a model of each", "1 each, 31 in all", dedicated)
    shorter: int | None = None
    for number in times:  # a longer training goes on from a shorter one, whose weights are kept beside it
        networks: dict[Combination, list[keras.Model]] = {}
        for seed in seeds:
            folder = kept / f"any-{seed}-{number}"
            if shorter is not None and not folder.exists():
                copytree(kept / f"any-{seed}-{shorter}", folder)
            network = trained(ModelId.parse("any-t1"), number * epochs, seed, folder)
            for one in chosen:
                part = served_generator(ModelId.parse(f"any-{one.slug}"), network)
                networks.setdefault(one, []).append(part)
        show("one for all", str(number), networks)
        shorter = number


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/one_for_all.py"))
