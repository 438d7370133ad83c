"""How one model for every combination is told what is missing, and what it learns from: each choice alone.

python benchmarks/any_choices.py [--examinations artifacts/preprocess] [--epochs 8] [--seeds 2023 2024]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from cbvsynth.domain.sequences import Combination
    from cbvsynth.training.dataset import CachedTrainingData

Array = npt.NDArray[np.float32]
Features = Callable[["tf.Tensor"], "tf.Tensor"]
"""Which sequences are there, (C,) of 0 and 1 -> what moves the normalisations, (K,)."""
TAUGHT_SHARE = 0.5
"""Steps that learn from a dedicated model's map instead of the real one, where there are teachers."""
WHOLE_SHARE = 0.5
"""Steps that take nothing away, where sequences are there as patients have them."""


class Choice(NamedTuple):
    """One way to train one model for all."""

    features: Features
    count: int
    whole_share: float = 0.0
    taught: bool = False


def main(  # noqa: PLR0913, PLR0917  # flags
    examinations: Path = Path("artifacts/preprocess"),
    combinations: tuple[str, ...] = ("t1", "t1c", "t2-t1c", "t1-t1c-adc", "t1-t2-t1c-flair-adc"),
    epochs: int = 8,
    teacher_epochs: int = 2,
    seeds: tuple[int, ...] = (2023, 2024),
    lesion_weight: float = 10.0,
    base_channels: int = 8,
    kept: Path = Path("artifacts/benchmarks/any_choices"),
) -> None:
    """Train one model for all in each way, for as many passes, and measure its held-out maps.

    Brackets are 95 % intervals from patients drawn again, all seeds of a patient together.

    Args:
        examinations: cached examinations made by preprocess.
        combinations: those that are measured, and those that have a teacher.
        epochs: passes of each way. What the teachers cost comes on top of theirs.
        teacher_epochs: passes of each dedicated teacher.
        seeds: one training each.
        lesion_weight: what an error in a segmented lesion counts.
        base_channels: of all; fewer are quicker.
        kept: folder of the teachers.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        import tensorflow as tf
    from held_out_maps import HeldOut, cell, held_out, measure, summarise

    from cbvsynth.config import TrainConfig
    from cbvsynth.domain.sequences import Combination, ModelId
    from cbvsynth.models.any_generator import subset_features
    from cbvsynth.records.examinations import read_index
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, Incomplete, usable_examinations
    from cbvsynth.training.fit import fit

    index, cbv_max = read_index(examinations), TrainConfig(model="encdec-t1").cbv_max
    chosen = [Combination.parse(slug) for slug in combinations]
    scored = {one: held_out(index, usable_examinations(index, "held-out", one), one) for one in chosen}
    reads, emphasis = ModelId.parse("any-t1").trained_on, Emphasis(lesion_weight)
    data = CachedTrainingData(index, reads, cbv_max, emphasis=emphasis, incomplete=Incomplete.FILLED)
    width = len(reads.sequences)

    def one_each(present: tf.Tensor) -> tf.Tensor:
        number = tf.reduce_sum(present * tf.constant([2.0**place for place in range(width)]))
        return tf.one_hot(tf.cast(number, tf.int32) - 1, 2**width - 1)

    pairs = width + width * (width - 1) // 2
    choices = {
        "told by each sequence and each pair, as built": Choice(subset_features, pairs),
        "told nothing: zeros for what is missing": Choice(lambda present: present[:0], 0),
        "told by the combination, one set of numbers each": Choice(one_each, 2**width - 1),
        "half of the steps with all that a patient has": Choice(subset_features, pairs, WHOLE_SHARE),
        "half of the steps taught by dedicated models": Choice(subset_features, pairs, taught=True),
    }

    def teacher(one: Combination, seed: int) -> keras.Model:
        model = ModelId.parse(f"encdec-{one.slug}")
        config = TrainConfig(
            model=model.slug,
            epochs=teacher_epochs,
            seed=seed,
            lesion_weight=lesion_weight,
            base_channels=base_channels,
        )
        own = CachedTrainingData(index, one, cbv_max, emphasis=emphasis)
        return fit(model, config, own, kept / f"{model.slug}-{seed}", index.data_fingerprint).generator

    def places(one: Combination) -> list[int]:
        return [reads.sequences.index(sequence) for sequence in one.sequences]

    def made(network: keras.Model, one: Combination, exam: HeldOut) -> Array:
        volume = np.zeros((*exam.features.shape[:-1], width), np.float32)
        volume[..., places(one)] = exam.features
        found: Array = (network.synthesise(tf.constant(volume)).numpy() * cbv_max).clip(0.0) * exam.foreground
        return found

    print(f"{base_channels} channels, {epochs} epochs, {len(data)} examinations, seeds {seeds}\n")
    print(f"| | {' | '.join(one.label for one in chosen)} | mean |\n|---|{'---|' * (len(chosen) + 1)}")
    for name, choice in choices.items():
        networks = []
        for seed in seeds:
            taught = {one: teacher(one, seed) for one in chosen} if choice.taught else {}
            teachers = [(places(one), network) for one, network in taught.items()]
            networks.append(_trained(data, choice, teachers, epochs, seed, base_channels))
        cells, ssim, errors = [], [], []
        for one, exams in scored.items():
            runs = [measure(lambda exam, n=n, one=one: made(n, one, exam), exams, cbv_max) for n in networks]
            row = summarise(runs, [exam.subject_id for exam in exams])
            cells.append(f"{cell(row.ssim_pct, 1)}; {cell(row.lesion_error)}")
            ssim.append(row.ssim_pct[0])
            errors.append(row.lesion_error[0])
        print(f"| {name} | {' | '.join(cells)} | {fmean(ssim):.1f}; {fmean(errors):.2f} |", flush=True)


def _trained(  # noqa: PLR0913, PLR0917  # what, how, how long
    data: CachedTrainingData,
    choice: Choice,
    teachers: list[tuple[list[int], keras.Model]],
    epochs: int,
    seed: int,
    base_channels: int,
) -> keras.Model:
    import tensorflow as tf

    from cbvsynth.models.any_generator import available
    from cbvsynth.models.generator import Generator, GeneratorOptions
    from cbvsynth.training.adam import Adam
    from cbvsynth.training.fit import epoch_order
    from cbvsynth.training.steps import Learner, encoder_decoder_step

    class Told(Generator):  # type: ignore[misc]  # keras has no type information
        def features(self, volume: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:  # noqa: ARG002
            told = choice.features(available(volume)) if choice.count else None
            return super().features(volume, told)

    channels = data.load(0).inputs.shape[-1]
    network = Told(channels, GeneratorOptions(base_channels=base_channels), seed, choice.count)
    step = encoder_decoder_step(Learner(network, Adam(network.trainable_variables, 1e-3)))
    rng = np.random.default_rng(seed)
    for epoch in range(1, epochs + 1):
        for number in epoch_order(seed, epoch, len(data)):
            one = data.load(number)
            there = np.flatnonzero(one.inputs.any(axis=(0, 1, 2)))
            able = [pair for pair in teachers if set(pair[0]) <= set(there)]
            target = one.target
            if able and rng.random() < TAUGHT_SHARE:
                kept, knows = able[rng.integers(len(able))]
                target = knows(one.inputs[None][..., kept]).numpy()[0] * (one.foreground > 0)
            elif rng.random() < choice.whole_share:
                kept = list(there)
            else:
                kept = list(rng.choice(there, rng.integers(1, len(there) + 1), replace=False))
            seen = np.zeros_like(one.inputs)
            seen[..., kept] = one.inputs[..., kept]
            step(tf.constant(seen), tf.constant(target, tf.float32), tf.constant(one.foreground))
    return network


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/any_choices.py"))
