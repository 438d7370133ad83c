"""The five steps as commands; `python -m components.<step>` runs the same in a checkout."""

from __future__ import annotations

from typing import Annotated

import tyro

from cbvsynth.config import EvaluateConfig, PreprocessConfig, PromoteConfig, TrainConfig, ValidateConfig

_FLAT = tyro.conf.arg(name="")
"""A config's fields are the flags themselves, without its name before them."""


def validate(config: Annotated[ValidateConfig, _FLAT]) -> None:
    """Check every examination and drop the unfit ones, each with its reason."""
    from cbvsynth.steps.validate import run

    run(config)


def preprocess(config: Annotated[PreprocessConfig, _FLAT]) -> None:
    """Bring every accepted examination onto one grid, mask it, split the patients, cache arrays."""
    from cbvsynth.steps.preprocess import run

    run(config)


def train(config: Annotated[TrainConfig, _FLAT]) -> None:
    """Train one model, export it as a SavedModel and score the held-out examinations with it."""
    from cbvsynth.domain.sequences import ModelId
    from cbvsynth.records.at_work import alone_in
    from cbvsynth.steps.train import run

    model = ModelId.parse(config.model).slug
    with alone_in(config.checkpoints / model, f"the training of {model}"):
        run(config)


def evaluate(config: Annotated[EvaluateConfig, _FLAT]) -> None:
    """Rank the models of a sweep, compare them, and give the verdict."""
    from cbvsynth.steps.evaluate import run

    run(config)


def promote(config: Annotated[PromoteConfig, _FLAT]) -> None:
    """Make the registry obey the verdict."""
    from cbvsynth.steps.promote import run

    run(config)
