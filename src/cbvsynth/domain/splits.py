"""Which examinations train and which are held out: a hash per patient, and no memory.

Each patient has a number from 0 to 1: a hash of the seed and the patient's name. In each diagnosis those
with the lowest numbers are held out, as many as the share asks for. So a small study holds out every
diagnosis; when patients are added or removed, others change sides only near the border. Without strata a
patient is held out when the number is below the share, whoever else there is. Why no ledger:
docs/decisions/0003-stateless-split.md; why strata: docs/decisions/0070-stratified-split.md.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import SplitStrata, SplitUnit
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError, UsageError

TRAIN = "train"
HELD_OUT = "held-out"

SHARE_TOLERANCE = 0.05
"""Distance from the wanted share above which the realised one is warned about."""


class SplitMember(Protocol):
    """What a split asks of an examination."""

    @property
    def exam_id(self) -> str:
        """Its id."""

    @property
    def subject_id(self) -> str:
        """Its patient."""

    @property
    def diagnosis(self) -> str:
        """Empty where it is not known."""


@dataclass(frozen=True)
class SplitReport:
    """How a split turned out. Shares are from 0 to 1.

    `leaking_examinations` are held out while another examination of the same patient trains;
    `patients_in_both` counts the patients with examinations on both sides.
    """

    train_examinations: int
    held_out_examinations: int
    train_patients: int
    held_out_patients: int
    patients_in_both: int
    leaking_examinations: int

    @property
    def held_out_share(self) -> float:
        """Share of the examinations that is held out."""
        return self.held_out_examinations / (self.train_examinations + self.held_out_examinations)

    @property
    def leaking_share(self) -> float:
        """Share of the held-out examinations whose patient also trains."""
        return self.leaking_examinations / self.held_out_examinations

    def is_off(self, wanted_share: float) -> bool:
        """Whether the realised share is farther from the wanted one than `SHARE_TOLERANCE`."""
        return abs(self.held_out_share - wanted_share) > SHARE_TOLERANCE + 1e-9


def unit_number(seed: int, name: str) -> float:
    """A number from 0 to below 1 that looks random and is the same for the same seed and name."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def assign_splits(
    examinations: Sequence[Examination],
    unit: SplitUnit,
    held_out_share: float,
    seed: int,
    strata: SplitStrata = SplitStrata.NONE,
) -> dict[str, str]:
    """Split of every examination, `train` or `held-out`, by exam_id.

    A split that the manifest prescribes wins over the hash; when patients are split, it holds for all
    examinations of its patient.

    Args:
        examinations: those to be split.
        unit: whether patients or single examinations are drawn.
        held_out_share: share to hold out, above 0 and below 1.
        seed: of the hash.
        strata: groups in which the share is drawn. A patient of several diagnoses is of the first
            examination's; those without one are a group.

    Raises:
        UsageError: the share is not above 0 and below 1.
        DataError: the manifest puts a patient on both sides although patients are split, or a side is
            empty.
    """
    if not 0.0 < held_out_share < 1.0:
        raise UsageError(
            f"held_out_share is {held_out_share:g}; expected more than 0 and less than 1, as 0.3."
        )
    prescribed = _prescribed_by_patient(examinations) if unit is SplitUnit.PATIENT else {}
    given = {
        examination.exam_id: examination.split or prescribed.get(examination.subject_id, "")
        for examination in examinations
    }
    free = [examination for examination in examinations if not given[examination.exam_id]]
    drawn = _held_out(_diagnoses(free, unit), held_out_share, seed, strata)
    splits = {
        examination.exam_id: given[examination.exam_id]
        or (HELD_OUT if _name(examination, unit) in drawn else TRAIN)
        for examination in examinations
    }
    _refuse_empty_side(splits, unit, seed)
    return splits


def assign_folds(
    examinations: Iterable[SplitMember],
    unit: SplitUnit,
    folds: int,
    seed: int,
    strata: SplitStrata = SplitStrata.NONE,
) -> dict[str, int]:
    """Which of `folds` parts holds out each examination, 1 to `folds`, by exam_id.

    In each diagnosis, or in the whole study without strata, what is drawn is ordered by its hash and dealt
    out in turn; the next diagnosis goes on where the last one ended, so that parts are of one size.

    Raises:
        UsageError: fewer than two folds, or more than there is to be dealt out.
    """
    listed = sorted(examinations, key=lambda one: one.exam_id)
    diagnoses = _diagnoses(listed, unit)
    if not 2 <= folds <= len(diagnoses):
        raise UsageError(
            f"{folds} folds of {len(diagnoses)} to be held out by {unit}; expected two folds or more, and at "
            "least one in each."
        )
    grouped = strata is not SplitStrata.NONE
    dealt = sorted(
        diagnoses, key=lambda name: (diagnoses[name] if grouped else "", unit_number(seed, name), name)
    )
    fold_of = {name: place % folds + 1 for place, name in enumerate(dealt)}
    return {one.exam_id: fold_of[_name(one, unit)] for one in listed}


def report_split(examinations: Iterable[Examination], splits: Mapping[str, str]) -> SplitReport:
    """Count both sides of a split and what leaks between them; `splits` is by exam_id."""
    sides: dict[str, list[str]] = {TRAIN: [], HELD_OUT: []}
    for examination in examinations:
        sides[splits[examination.exam_id]].append(examination.subject_id)
    train, held_out = set(sides[TRAIN]), set(sides[HELD_OUT])
    return SplitReport(
        train_examinations=len(sides[TRAIN]),
        held_out_examinations=len(sides[HELD_OUT]),
        train_patients=len(train),
        held_out_patients=len(held_out),
        patients_in_both=len(train & held_out),
        leaking_examinations=sum(subject in train for subject in sides[HELD_OUT]),
    )


def _name(examination: SplitMember, unit: SplitUnit) -> str:
    return examination.subject_id if unit is SplitUnit.PATIENT else examination.exam_id


def _diagnoses(examinations: Iterable[SplitMember], unit: SplitUnit) -> dict[str, str]:
    """Diagnosis of everything that is drawn, by name."""
    found: dict[str, str] = {}
    for examination in sorted(examinations, key=lambda entry: entry.exam_id):
        found.setdefault(_name(examination, unit), examination.diagnosis)
    return found


def _held_out(diagnoses: Mapping[str, str], share: float, seed: int, strata: SplitStrata) -> frozenset[str]:
    """Names that are held out; `diagnoses` is by name."""
    numbers = {name: unit_number(seed, name) for name in diagnoses}
    if strata is SplitStrata.NONE:
        return frozenset(name for name, number in numbers.items() if number < share)
    groups: dict[str, list[str]] = {}
    for name in sorted(numbers, key=lambda one: (numbers[one], one)):
        groups.setdefault(diagnoses[name], []).append(name)
    places = _places({diagnosis: len(names) for diagnosis, names in groups.items()}, share, seed)
    return frozenset(name for diagnosis, names in groups.items() for name in names[: places[diagnosis]])


def _places(sizes: Mapping[str, int], share: float, seed: int) -> dict[str, int]:
    """How many of each group are held out: the share rounded down, and the rest by largest remainder.

    A group of two or more has at least one on either side. Equal remainders are ordered by a hash.
    """
    places = {name: math.floor(share * size + 1e-9) for name, size in sizes.items()}
    missing = round(share * sum(sizes.values())) - sum(places.values())
    ordered = sorted(sizes, key=lambda name: (places[name] - share * sizes[name], unit_number(seed, name)))
    for name in ordered[: max(missing, 0)]:
        places[name] += 1
    return {
        name: min(max(count, 1), sizes[name] - 1) if sizes[name] > 1 else count
        for name, count in places.items()
    }


def _prescribed_by_patient(examinations: Iterable[Examination]) -> dict[str, str]:
    prescribed: dict[str, str] = {}
    for examination in examinations:
        if not examination.split:
            continue
        before = prescribed.setdefault(examination.subject_id, examination.split)
        if before != examination.split:
            raise DataError(
                f"Patient {examination.subject_id}: the manifest prescribes '{before}' for one examination "
                f"and '{examination.split}' for {examination.exam_id}; expected one split per patient. "
                f"Correct the column 'split', or set split_by to '{SplitUnit.EXAMINATION}' and accept a leak."
            )
    return prescribed


def _refuse_empty_side(splits: Mapping[str, str], unit: SplitUnit, seed: int) -> None:
    for side in (TRAIN, HELD_OUT):
        if side not in splits.values():
            raise DataError(
                f"The split by {unit} with seed {seed} leaves '{side}' empty, with "
                f"{counted(len(splits), 'examination')} in all; expected some on both sides. Choose another "
                "seed or share, add examinations, or prescribe the column 'split' in manifest.csv."
            )
