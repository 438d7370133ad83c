"""What the choices that the paper's text leaves open gain or cost, on a preprocessed study.

python benchmarks/design_choices.py [--examinations artifacts/preprocess] [--epochs 8] [--seeds 2023 2024]
"""

from __future__ import annotations

import contextlib
import io
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class Choice:
    """One way to train a model."""

    name: str
    algorithm: str = "encdec"
    flags: dict[str, object] = field(default_factory=dict)
    plain_start: bool = False
    """Start the last layer as every other one, with a bias of zero."""


CHOICES = (
    Choice("encoder-decoder, as by default"),
    Choice("the last layer starts as the others", plain_start=True),
    Choice("upsampling instead of deconvolution", flags={"decoder": "upsample"}),
    Choice("U-Net skip connections", flags={"skip_connections": "unet"}),
    Choice("7x7 ends", flags={"end_kernel": "7x7"}),
    Choice("softplus at the output", flags={"output_activation": "softplus"}),
    Choice("GAN, as by default", "fcgan"),
    Choice("the last layer starts as the others", "fcgan", plain_start=True),
    Choice("alternating updates", "fcgan", {"update": "alternating"}),
    Choice("without feature consistency", "fcgan", {"feature_weight": 0.0}),
)


def main(
    examinations: Path = Path("artifacts/preprocess"),
    combination: str = "t1-t1c-adc",
    epochs: int = 8,
    seeds: tuple[int, ...] = (2023, 2024),
) -> None:
    """Train one combination in every way and print the scores of the held-out examinations.

    Each row changes one thing of the default of its algorithm. A cell is the mean over the seeds; in
    brackets the lowest and the highest. A difference smaller than the spread of the seeds says nothing.

    Args:
        examinations: cached examinations made by preprocess.
        combination: sequences of the models.
        epochs: passes over the training examinations.
        seeds: one training each.
    """
    from tqdm import tqdm

    print(f"{combination}, {epochs} epochs, seeds {', '.join(map(str, seeds))}\n")
    print(f"{'':<46}{'SSIM, %':>24}{'lesion error':>20}{'s':>7}{'restarts':>10}")
    for choice in tqdm(CHOICES, desc="choices", disable=None):
        rows = [_train(choice, examinations, combination, epochs, seed) for seed in seeds]
        ssim, error, seconds, restarts = zip(*rows, strict=True)
        indent = "" if choice.name.endswith("default") else "  "
        tqdm.write(
            f"{indent + choice.name:<46}{_spread(ssim, 100):>24}{_spread(error):>20}"
            f"{fmean(seconds):>7.0f}{sum(restarts):>10.0f}"
        )


def _train(
    choice: Choice, examinations: Path, combination: str, epochs: int, seed: int
) -> tuple[float, float, float, float]:
    """SSIM, error of lesion CBV, seconds of training, restarts."""
    from cbvsynth.config import TrainConfig
    from cbvsynth.records.costs import read_cost
    from cbvsynth.records.results import read_scores
    from cbvsynth.steps.train import run

    model = f"{choice.algorithm}-{combination}"
    with TemporaryDirectory() as folder, _start(plain=choice.plain_start):
        config = TrainConfig(
            model=model,
            examinations=examinations,
            out=Path(folder) / "train",
            checkpoints=Path(folder) / "checkpoints",
            epochs=epochs,
            seed=seed,
            **_words(choice.flags),
        )
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            summary = run(config)
        scores = read_scores(config.out / model / "per_exam.csv")
        cost = read_cost(config.checkpoints / model)
    errors = [abs(score.lesion_cbv_synthetic - score.lesion_cbv_real) for score in scores]
    return (
        fmean(score.ssim_3d_whole for score in scores),
        fmean(error for error in errors if math.isfinite(error)),
        cost.train_s if cost else math.nan,
        float(summary.restarts),
    )


def _words(flags: dict[str, object]) -> dict[str, object]:
    """Words as the enumerations of the config that they stand for."""
    from typing import get_type_hints

    from cbvsynth.config import TrainConfig

    kinds = get_type_hints(TrainConfig)
    return {name: kinds[name](value) for name, value in flags.items()}


@contextlib.contextmanager
def _start(*, plain: bool) -> Iterator[None]:
    from cbvsynth.models import generator

    chosen = (generator.CBV_START, generator.OUTPUT_GAIN)
    if plain:
        generator.CBV_START, generator.OUTPUT_GAIN = 0.0, 1.0
    try:
        yield
    finally:
        generator.CBV_START, generator.OUTPUT_GAIN = chosen


def _spread(values: tuple[float, ...], scale: float = 1.0) -> str:
    shown = [scale * value for value in values]
    return f"{fmean(shown):.2f} ({min(shown):.2f}-{max(shown):.2f})"


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/design_choices.py"))
