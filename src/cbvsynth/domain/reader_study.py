"""A randomised study of how good CBV maps look, and what readers' scores say.

First, blinded: every reader scores every map, real and synthetic, without knowing which is which. The real
and the synthetic map of an examination lie in different halves of a reader's order, so that they are not
compared side by side. Then, against the truth, as in the paper: every reader scores each synthetic map beside
the real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reading_forms import BLINDED, POINTS, Criterion, Form
from cbvsynth.domain.statistics.agreement import r_wg, r_wg_j
from cbvsynth.domain.statistics.paired import SignedRank, mean_by_patient, wilcoxon_signed_rank
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class StudyItem:
    """One map in one reader's order; `code` is all that the reader's page knows of it."""

    reader: str
    position: int
    code: str
    exam_id: str
    subject_id: str
    kind: MapKind


@dataclass(frozen=True)
class Rating:
    """One reader's scores (0-3) of one map, by criterion."""

    reader: str
    code: str
    scores: Mapping[str, int]
    comment: str = ""


@dataclass(frozen=True)
class Distribution:
    """All readers' scores of one criterion for one kind of map."""

    criterion: Criterion
    kind: MapKind
    counts: tuple[int, ...]
    """How often each point was given, from 0."""
    mean: float
    agreement: float
    """Mean over maps of r_wg between readers."""


@dataclass(frozen=True)
class Disagreement:
    """A map on which readers disagree widely, to be discussed."""

    exam_id: str
    kind: MapKind
    criterion: Criterion
    scores: Mapping[str, int]


@dataclass(frozen=True)
class ScoredMap:
    """A map that every reader scored: their first scores of each criterion, in the order of the readers."""

    exam_id: str
    kind: MapKind
    scores: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class StudyResult:
    """What the scores say; `maps` were scored by every reader, others are left out and counted."""

    form: Form
    readers: tuple[str, ...]
    maps: int
    left_out: int
    distributions: tuple[Distribution, ...]
    joint_agreement: Mapping[MapKind, float]
    """Mean over maps of r_wg(J), the three criteria taken together."""
    real_against_synthetic: Mapping[str, SignedRank]
    """By criterion: real minus synthetic, each patient's mean over readers and examinations. Empty where real
    maps were not scored."""
    consensus: tuple[Disagreement, ...]
    scored: tuple[ScoredMap, ...]


def plan_study(
    examinations: Sequence[tuple[str, str]], readers: Sequence[str], rng: np.random.Generator
) -> tuple[StudyItem, ...]:
    """Every reader's order of all maps, two of each examination.

    Args:
        examinations: (exam_id, subject_id).
        readers: their names.
        rng: source of order and codes.

    Raises:
        DataError: no examination or no reader, or one named twice.
    """
    _require_each_once(examinations, readers)
    items: list[StudyItem] = []
    codes = _codes(2 * len(examinations) * len(readers), rng)
    for reader in readers:
        first = rng.integers(0, 2, len(examinations))
        order = [(half, place) for half in (0, 1) for place in rng.permutation(len(examinations))]
        for position, (half, place) in enumerate(order, start=1):
            exam_id, subject_id = examinations[place]
            kind = MapKind.REAL if (first[place] + half) % 2 == 0 else MapKind.SYNTHETIC
            items.append(StudyItem(reader, position, codes[len(items)], exam_id, subject_id, kind))
    return tuple(items)


def plan_comparison(
    examinations: Sequence[tuple[str, str]], readers: Sequence[str], rng: np.random.Generator
) -> tuple[StudyItem, ...]:
    """Every reader's order of the synthetic maps, each to be scored beside the real one.

    Args and errors as of `plan_study`.
    """
    _require_each_once(examinations, readers)
    codes = iter(_codes(len(examinations) * len(readers), rng))
    return tuple(
        StudyItem(reader, position, next(codes), exam_id, subject_id, MapKind.SYNTHETIC)
        for reader in readers
        for position, (exam_id, subject_id) in enumerate(
            (examinations[place] for place in rng.permutation(len(examinations))), start=1
        )
    )


def _require_each_once(examinations: Sequence[tuple[str, str]], readers: Sequence[str]) -> None:
    for name, found in (("examination", [one for one, _ in examinations]), ("reader", list(readers))):
        if not found or len(set(found)) != len(found):
            raise DataError(
                f"{len(found)} {name}s, {len(set(found))} different; expected each once, at least one."
            )


def _codes(count: int, rng: np.random.Generator) -> list[str]:
    numbers: dict[int, None] = {}
    while len(numbers) < count:
        numbers.setdefault(int(rng.integers(0, 1 << 32)))
    return [f"{number:08x}" for number in numbers]


def analyse_ratings(
    items: Sequence[StudyItem], ratings: Sequence[Rating], *, apart: int, form: Form = BLINDED
) -> StudyResult:
    """Distribution, agreement, real against synthetic, and the maps to be discussed.

    Args:
        items: the plan of the study.
        ratings: scores of two readers or more.
        apart: how many points readers must differ by for a map to be discussed.
        form: what was asked.

    Raises:
        DataError: a rating is of no item of its reader or given twice, fewer than two readers scored, or
            no map was scored by all of them.
    """
    table = _by_map(items, ratings)
    readers = tuple(sorted({rating.reader for rating in ratings}))
    if len(readers) < 2:
        raise DataError(
            f"Scores of {len(readers)} reader; agreement needs two or more. Add the others' files."
        )
    subjects = {item.exam_id: item.subject_id for item in items}
    whole = {place: found for place, found in table.items() if set(found) == set(readers)}
    if not whole:
        raise DataError("No map was scored by all readers; expected some. Let each reader finish the page.")
    kinds = [kind for kind in MapKind if any(place[1] is kind for place in whole)]
    return StudyResult(
        form=form,
        readers=readers,
        maps=len(whole),
        left_out=len(table) - len(whole),
        distributions=tuple(
            _distribution(criterion, kind, _matrix(whole, kind, criterion.key, readers))
            for criterion in form.criteria
            for kind in kinds
        ),
        joint_agreement={kind: _joint(whole, kind, readers, form) for kind in kinds},
        real_against_synthetic={
            criterion.key: compared
            for criterion in form.criteria
            if (compared := _compare(whole, criterion.key, subjects)) is not None
        },
        consensus=tuple(_disagreements(whole, apart, form)),
        scored=tuple(
            ScoredMap(
                *place,
                {one.key: tuple(found[who].scores[one.key] for who in readers) for one in form.criteria},
            )
            for place, found in whole.items()
        ),
    )


Place = tuple[str, MapKind]
ByReader = dict[str, Rating]


def _by_map(items: Sequence[StudyItem], ratings: Sequence[Rating]) -> dict[Place, ByReader]:
    known = {(item.reader, item.code): item for item in items}
    table: dict[Place, ByReader] = {}
    for rating in ratings:
        item = known.get((rating.reader, rating.code))
        if item is None:
            raise DataError(
                f"Reader {rating.reader} scored an item {rating.code} that is not in the key; expected "
                "scores from this study's pages. Is it the key of another study?"
            )
        found = table.setdefault((item.exam_id, item.kind), {})
        if rating.reader in found:
            raise DataError(f"Reader {rating.reader} scored item {rating.code} twice; give each file once.")
        found[rating.reader] = rating
    return table


def _matrix(
    whole: Mapping[Place, ByReader], kind: MapKind, key: str, readers: Sequence[str]
) -> npt.NDArray[np.int64]:
    """(maps, readers) scores."""
    return np.array(
        [
            [found[reader].scores[key] for reader in readers]
            for place, found in whole.items()
            if place[1] is kind
        ]
    )


def _distribution(criterion: Criterion, kind: MapKind, scores: npt.NDArray[np.int64]) -> Distribution:
    counts = np.bincount(scores.ravel(), minlength=POINTS)
    agreement = float(r_wg(scores, points=POINTS).mean())
    return Distribution(criterion, kind, tuple(int(one) for one in counts), float(scores.mean()), agreement)


def _joint(whole: Mapping[Place, ByReader], kind: MapKind, readers: Sequence[str], form: Form) -> float:
    values = [
        r_wg_j(
            [[found[reader].scores[one.key] for reader in readers] for one in form.criteria], points=POINTS
        )
        for place, found in whole.items()
        if place[1] is kind
    ]
    return float(np.mean(values))


def _compare(whole: Mapping[Place, ByReader], key: str, subjects: Mapping[str, str]) -> SignedRank | None:
    """None where no examination has both maps scored."""
    both = [exam for exam, kind in whole if kind is MapKind.REAL and (exam, MapKind.SYNTHETIC) in whole]
    if not both:
        return None
    patients = [subjects[exam] for exam in both]
    means = [
        mean_by_patient(
            [float(np.mean([rating.scores[key] for rating in whole[exam, kind].values()])) for exam in both],
            patients,
        )
        for kind in (MapKind.REAL, MapKind.SYNTHETIC)
    ]
    return wilcoxon_signed_rank(*means)


def _disagreements(whole: Mapping[Place, ByReader], apart: int, form: Form) -> list[Disagreement]:
    found = []
    for (exam_id, kind), ratings in whole.items():
        for criterion in form.criteria:
            scores = {reader: rating.scores[criterion.key] for reader, rating in sorted(ratings.items())}
            if max(scores.values()) - min(scores.values()) >= apart:
                found.append(Disagreement(exam_id, kind, criterion, scores))
    return sorted(found, key=lambda one: min(one.scores.values()) - max(one.scores.values()))
