"""The five input sequences, their 31 combinations, the two algorithms, and the 62 models.

Source: Wang, Pan et al. 2023, Materials and Methods ("Image synthesis") and Table 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import combinations

from cbvsynth.errors import UsageError


class Sequence(StrEnum):
    """A standard MRI sequence; the order is the paper's and is the order of channels."""

    T1 = "t1"
    T2 = "t2"
    T1C = "t1c"
    FLAIR = "flair"
    ADC = "adc"

    @property
    def label(self) -> str:
        """Name as the paper prints it."""
        return "T2-FLAIR" if self is Sequence.FLAIR else self.value.upper()


class Algorithm(StrEnum):
    """How a generator is trained."""

    FCGAN = "fcgan"
    ENCDEC = "encdec"

    @property
    def label(self) -> str:
        """Name as the paper prints it."""
        return {
            Algorithm.FCGAN: "Feature-consistency GAN",
            Algorithm.ENCDEC: "Encoder-decoder, MAE",
        }[self]


class TargetUnit(StrEnum):
    """Unit of a CBV map. Maps of different units never meet in one run."""

    ML_PER_100G = "mL/100g"
    RELATIVE = "relative"


@dataclass(frozen=True, order=True)
class Combination:
    """A non-empty set of sequences, kept in channel order.

    Raises:
        UsageError: no sequence, or one named twice.
    """

    sequences: tuple[Sequence, ...]

    def __post_init__(self) -> None:
        order = list(Sequence)
        if not self.sequences:
            raise UsageError("A combination of no sequences; give at least one of " + _choices() + ".")
        if len(set(self.sequences)) != len(self.sequences):
            raise UsageError(f"'{self.slug}' names a sequence twice; name each one once.")
        object.__setattr__(self, "sequences", tuple(sorted(self.sequences, key=order.index)))

    @property
    def slug(self) -> str:
        """Name in files, flags and tables, as in ``t1-t1c-adc``."""
        return "-".join(self.sequences)

    @property
    def label(self) -> str:
        """Name for people, as in ``T1 + T1C + ADC``."""
        return " + ".join(sequence.label for sequence in self.sequences)

    def usable_with(self, available: Iterable[Sequence]) -> bool:
        """Whether every sequence is among those available."""
        return set(self.sequences) <= set(available)

    @classmethod
    def parse(cls, slug: str) -> Combination:
        """Read a slug such as ``t1-t1c-adc``; the order of the parts does not matter.

        Raises:
            UsageError: a part is not a sequence, or one is named twice.
        """
        known = {sequence.value: sequence for sequence in Sequence}
        parts = slug.strip().lower().split("-")
        unknown = [part for part in parts if part not in known]
        if unknown:
            raise UsageError(
                f"'{slug}' is not a combination: '{unknown[0]}' is not a sequence. "
                f"Join any of {_choices()} by '-', as in t1-t1c-adc."
            )
        return cls(tuple(known[part] for part in parts))

    def __str__(self) -> str:
        return self.slug


@dataclass(frozen=True, order=True)
class ModelId:
    """One of the 62 models: an algorithm and the sequences it reads."""

    algorithm: Algorithm
    combination: Combination

    @property
    def slug(self) -> str:
        """Name in files, flags and tables, as in ``encdec-t1-t1c-adc``."""
        return f"{self.algorithm}-{self.combination.slug}"

    @property
    def label(self) -> str:
        """Name for people."""
        return f"{self.algorithm.label}: {self.combination.label}"

    @classmethod
    def parse(cls, slug: str) -> ModelId:
        """Read a slug such as ``encdec-t1-t1c-adc``.

        Raises:
            UsageError: the algorithm or a sequence is unknown.
        """
        head, _, tail = slug.strip().lower().partition("-")
        if head not in {algorithm.value for algorithm in Algorithm} or not tail:
            names = " or ".join(algorithm.value for algorithm in Algorithm)
            raise UsageError(
                f"'{slug}' is not a model: it must start with {names} and name sequences, "
                "as in encdec-t1-t1c-adc."
            )
        return cls(Algorithm(head), Combination.parse(tail))

    def __str__(self) -> str:
        return self.slug


def all_combinations() -> tuple[Combination, ...]:
    """The 31 non-empty combinations, by number of sequences, then in the paper's order."""
    return tuple(
        Combination(chosen) for size in range(1, len(Sequence) + 1) for chosen in combinations(Sequence, size)
    )


def all_models() -> tuple[ModelId, ...]:
    """The paper's 62 models."""
    return tuple(
        ModelId(algorithm, combination) for combination in all_combinations() for algorithm in Algorithm
    )


def select_models(patterns: Iterable[str]) -> tuple[ModelId, ...]:
    """Models named by ids or globs, as in ``["encdec-*", "fcgan-t1c"]``; ``all`` is every model.

    The answer is in the order of `all_models`, each model once.

    Raises:
        UsageError: no pattern, or a pattern that fits no model.
    """
    wanted: set[ModelId] = set()
    given = [pattern.strip().lower() for pattern in patterns if pattern.strip()]
    if not given:
        raise UsageError("The sweep is empty; name at least one model, as in encdec-t1c, or 'all'.")
    for pattern in given:
        if pattern == "all":
            wanted.update(all_models())
        elif any(sign in pattern for sign in "*?["):
            found = [model for model in all_models() if fnmatchcase(model.slug, pattern)]
            if not found:
                raise UsageError(f"'{pattern}' fits none of the 62 models; see 'cbvsynth sweep list'.")
            wanted.update(found)
        else:
            wanted.add(ModelId.parse(pattern))
    return tuple(model for model in all_models() if model in wanted)


def _choices() -> str:
    return ", ".join(sequence.value for sequence in Sequence)
