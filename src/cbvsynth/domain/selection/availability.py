"""The best model for every set of sequences that may be available."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cbvsynth.domain.sequences import Combination, ModelId, availability_patterns


def champions_by_availability(
    ranked: Sequence[ModelId], passing: Collection[ModelId]
) -> dict[Combination, ModelId]:
    """For each of the 31 patterns, 63 with ASL, the best passing model whose sequences are all usable.

    Args:
        ranked: models from best to worst.
        passing: the models among them that may be used at all.

    A pattern for which no model passes is absent. The best model may well need fewer sequences than
    are available: on the paper's Table 2 this rule is better than "the model of exactly these
    sequences" in 12 of the 31 patterns, and 19 of the 62 models serve them all.
    """
    allowed = [model for model in ranked if model in passing]
    winners: dict[Combination, ModelId] = {}
    read = {sequence for model in allowed for sequence in model.combination.sequences}
    for pattern in availability_patterns(read):
        usable = (model for model in allowed if model.combination.usable_with(pattern.sequences))
        winner = next(usable, None)
        if winner is not None:
            winners[pattern] = winner
    return winners
