"""Files of a reader study: what it is, the blinding key, and the scores that a reader's page exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.reader_study import CRITERIA, POINTS, Rating, StudyItem
from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import CsvFile, read_named
from cbvsynth.records.json_codec import JsonFile

SCORE_COLUMNS = ("study", "reader", "item", *(criterion.key for criterion in CRITERIA), "comment")


@dataclass(frozen=True)
class StudyDescription:
    """What a reader study is made of; the seed opens the blinding."""

    study: str
    """Name that every table of scores bears."""
    seed: int
    model: str
    saved_model_digest: str
    data_fingerprint: str
    scale: tuple[str, ...]
    """Words for the scores, from 0."""
    criteria: Mapping[str, str]
    """Question of each criterion."""


_MAKER = "'cbvsynth reader-study make'"
_STUDY = JsonFile(StudyDescription, "the description of a reader study", maker=_MAKER)
_KEY = CsvFile(StudyItem, "the key of a reader study", maker=_MAKER, key=("code",))


def write_study(path: Path, study: StudyDescription) -> None:
    """Write study.json atomically."""
    _STUDY.write(path, study)


def read_study(path: Path) -> StudyDescription:
    """Read what `write_study` wrote.

    Raises:
        ResultError: the file is missing or damaged.
    """
    return _STUDY.read(path)


def write_key(path: Path, items: Iterable[StudyItem]) -> None:
    """Write which map each item is, atomically."""
    _KEY.write(path, items)


def read_key(path: Path) -> tuple[StudyItem, ...]:
    """Read what `write_key` wrote.

    Raises:
        ResultError: the file is missing or damaged.
    """
    return _KEY.read(path)


def read_ratings(path: Path, study: str) -> tuple[Rating, ...]:
    """Read the scores that one reader's page exported.

    Raises:
        ResultError: the file is missing or damaged, of another study, or a score is not on the scale.
    """
    rows = read_named(path, SCORE_COLUMNS, "export the scores from the reader's page again")
    return tuple(_rating(f"{path.name}, line {line}", row, study) for line, row in rows)


def _rating(place: str, row: dict[str, str], study: str) -> Rating:
    if row["study"] != study:
        raise ResultError(
            f"{place}: scores of study {row['study']}, expected {study}. Name the folder of that study by "
            "--study."
        )
    scores = {}
    for criterion in CRITERIA:
        text = row[criterion.key]
        if text not in map(str, range(POINTS)):
            raise ResultError(f"{place}: {criterion.key} is '{text}'; expected 0 to {POINTS - 1}.")
        scores[criterion.key] = int(text)
    return Rating(row["reader"], row["item"], scores, row["comment"])
