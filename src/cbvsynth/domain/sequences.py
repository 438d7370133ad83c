"""The input sequences and their combinations, the algorithms, and the paper's 62 models.

The paper has five sequences and so 31 combinations. A sixth, the map of arterial spin labelling, is
optional: models that read it are named one by one, and no list of the paper's grows by it.

Source: Wang, Pan et al. 2023, Materials and Methods ("Image synthesis") and Table 2; Wu, Pan et al. 2025,
doi 10.3389/fonc.2025.1647254, for arterial spin labelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import combinations

from cbvsynth.errors import UsageError


class Sequence(StrEnum):
    """An input of a model; the order is the paper's and is the order of channels. ASL is a map of CBF."""

    T1 = "t1"
    T2 = "t2"
    T1C = "t1c"
    FLAIR = "flair"
    ADC = "adc"
    ASL = "asl"

    @property
    def label(self) -> str:
        """Name as the paper prints it."""
        return "T2-FLAIR" if self is Sequence.FLAIR else self.value.upper()


OPTIONAL_SEQUENCES = (Sequence.ASL,)
"""Sequences that the paper does not have: a study without them is whole."""
PAPER_SEQUENCES = tuple(sequence for sequence in Sequence if sequence not in OPTIONAL_SEQUENCES)
"""The five of the paper, and of its 31 combinations."""


class Algorithm(StrEnum):
    """How a generator is trained."""

    FCGAN = "fcgan"
    ENCDEC = "encdec"
    FLOW = "flow"
    ANY = "any"

    @property
    def label(self) -> str:
        """Name for people; the paper's two as it prints them."""
        return {
            Algorithm.FCGAN: "Feature-consistency GAN",
            Algorithm.ENCDEC: "Encoder-decoder, MAE",
            Algorithm.FLOW: "Rectified flow",
            Algorithm.ANY: "One model for all",
        }[self]


PAPER_ALGORITHMS = (Algorithm.FCGAN, Algorithm.ENCDEC)
"""In the order of the paper's Table 2; the others are ours."""


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
    """An algorithm and the sequences it reads: one of the paper's 62, of a further algorithm, or with ASL."""

    algorithm: Algorithm
    combination: Combination

    @property
    def slug(self) -> str:
        """Name in files, flags and tables, as in ``encdec-t1-t1c-adc``."""
        return f"{self.algorithm}-{self.combination.slug}"

    @property
    def trained_on(self) -> Combination:
        """Sequences that its training sees; of one model for all, every combination's."""
        if self.algorithm is not Algorithm.ANY:
            return self.combination
        return Combination(tuple({*all_combinations()[-1].sequences, *self.combination.sequences}))

    @property
    def training(self) -> str:
        """Name of the training that it comes from, which models of ``any`` share: of its checkpoints."""
        if self.algorithm is not Algorithm.ANY:
            return self.slug
        return f"{self.algorithm}-of-{self.trained_on.slug}"

    @property
    def sharers(self) -> int:
        """Models among which the cost of its training is shared: the combinations of one model for all."""
        return 1 if self.algorithm is not Algorithm.ANY else 2 ** len(self.trained_on.sequences) - 1

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


def all_combinations(sequences: Iterable[Sequence] = PAPER_SEQUENCES) -> tuple[Combination, ...]:
    """The non-empty combinations, 31 of the paper's five, by number of sequences, then in channel order."""
    wanted = set(sequences)
    ordered = [sequence for sequence in Sequence if sequence in wanted]
    return tuple(
        Combination(chosen) for size in range(1, len(ordered) + 1) for chosen in combinations(ordered, size)
    )


def availability_patterns(read: Iterable[Sequence]) -> tuple[Combination, ...]:
    """What a patient may have, where these are the sequences that models read: 31 sets, 63 with ASL."""
    return all_combinations({*PAPER_SEQUENCES, *read})


def patterns_like(slugs: Iterable[str]) -> tuple[Combination, ...]:
    """Every set of available sequences of a table that names some of them; ASL counts if one has it."""
    return availability_patterns(name for slug in slugs for name in Combination.parse(slug).sequences)


def all_models() -> tuple[ModelId, ...]:
    """The paper's 62 models."""
    return tuple(
        ModelId(algorithm, combination)
        for combination in all_combinations()
        for algorithm in PAPER_ALGORITHMS
    )


def further_models() -> tuple[ModelId, ...]:
    """Models that the paper does not have; they are trained where they are named."""
    return tuple(
        ModelId(algorithm, combination)
        for algorithm in Algorithm
        if algorithm not in PAPER_ALGORITHMS
        for combination in all_combinations()
    )


def select_models(patterns: Iterable[str]) -> tuple[ModelId, ...]:
    """Models named by ids or globs, as in ``["encdec-*", "fcgan-t1c"]``; ``all`` are the paper's 62.

    A glob names models of the paper; where it fits none of them, further ones. The answer is in the order of
    `all_models` and `further_models`, each model once; models with an optional sequence, which only their own
    names choose, come last.

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
            found = found or [model for model in further_models() if fnmatchcase(model.slug, pattern)]
            if not found:
                raise UsageError(f"'{pattern}' fits no model; see 'cbvsynth sweep list'.")
            wanted.update(found)
        else:
            wanted.add(ModelId.parse(pattern))
    listed = (*all_models(), *further_models())
    others = sorted(wanted - set(listed), key=lambda model: (len(model.combination.sequences), model.slug))
    return (*(model for model in listed if model in wanted), *others)


def _choices() -> str:
    return ", ".join(sequence.value for sequence in Sequence)
