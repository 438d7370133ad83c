"""Files of a reader study: what it is, the blinding key, and the scores that a reader's page exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.consensus import Disputed
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem
from cbvsynth.domain.reading_forms import BLINDED, FORMS, POINTS, Form
from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import CsvFile, read_lines, read_named
from cbvsynth.records.json_codec import JsonFile

CONSENSUS_COLUMNS = ("examination", "map", "criterion", "consensus")
_EXPORT = "export the scores from the reader's page again"


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


def form_of(path: Path) -> Form:
    """Which form a table of scores is of, by its columns; the blinded one where none of them can be told.

    Raises:
        ResultError: the file is missing or is not CSV in UTF-8.
    """
    lines = read_lines(path, _EXPORT)
    columns = {cell.strip() for cell in lines[0][1]} if lines else set()
    return next((form for form in FORMS if columns & {one.key for one in form.criteria}), BLINDED)


def read_ratings(path: Path, study: str, form: Form = BLINDED) -> tuple[Rating, ...]:
    """Read the scores that one reader's page exported.

    Raises:
        ResultError: the file is missing or damaged, of another study, or a score is not on the scale.
    """
    columns = ("study", "reader", "item", *(criterion.key for criterion in form.criteria), "comment")
    return tuple(
        _rating(f"{path}, line {line}", row, study, form) for line, row in read_named(path, columns, _EXPORT)
    )


def read_consensus(path: Path) -> dict[Form, dict[Disputed, int]]:
    """What readers settled on, by form; rows without a consensus are still to be discussed.

    Raises:
        ResultError: the file is missing or damaged, a criterion or kind of map is unknown, a consensus is
            not on the scale, or one is given twice.
    """
    known = {one.title: (form, one.key) for form in FORMS for one in form.criteria}
    found: dict[Form, dict[Disputed, int]] = {form: {} for form in FORMS}
    for line, row in read_named(path, CONSENSUS_COLUMNS, "fill in consensus.csv as the analysis wrote it"):
        place = f"{path}, line {line}"
        if row["criterion"] not in known or row["map"] not in set(MapKind):
            raise ResultError(
                f"{place}: criterion '{row['criterion'][:40]}' of the map '{row['map'][:40]}'; expected one "
                f"of {', '.join(known)}, real or synthetic."
            )
        if not row["consensus"]:
            continue
        if row["consensus"] not in map(str, range(POINTS)):
            raise ResultError(
                f"{place}: consensus is '{row['consensus'][:40]}'; expected 0 to {POINTS - 1}, or nothing."
            )
        form, key = known[row["criterion"]]
        disputed = (row["examination"], MapKind(row["map"]), key)
        if disputed in found[form]:
            raise ResultError(f"{place}: a second consensus on the same map; expected one.")
        found[form][disputed] = int(row["consensus"])
    return found


def _rating(place: str, row: dict[str, str], study: str, form: Form) -> Rating:
    if row["study"] != study:
        raise ResultError(
            f"{place}: scores of study {row['study']}, expected {study}. Name the folder of that study by "
            "--study."
        )
    scores = {}
    for criterion in form.criteria:
        text = row[criterion.key]
        if text not in map(str, range(POINTS)):
            raise ResultError(f"{place}: {criterion.key} is '{text}'; expected 0 to {POINTS - 1}.")
        scores[criterion.key] = int(text)
    return Rating(row["reader"], row["item"], scores, row["comment"])
