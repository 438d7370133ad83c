"""Synthetic maps of cached examinations, all of one model: a folder beside the cache.

<root>/index.json              which model made them, from which data
<root>/measures.csv            what is measured in each real and synthetic map
<root>/<exam_id>.npy           (X, Y, Z) float32, the target's unit, on the grid of the cache
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file, write_json

MAPS_FORMAT = 1
INDEX_FILE, MEASURES_FILE = "index.json", "measures.csv"

_COLUMNS = tuple(field.name for field in fields(MapMeasures))


@dataclass(frozen=True)
class MapIndex:
    """What made the maps of a folder."""

    model: str
    saved_model_digest: str
    target_unit: str
    data_range: float
    data_fingerprint: str
    """Version of the data that the maps were made from."""
    trained_on: str
    """Version of the data that the model was trained on."""
    examinations: tuple[str, ...]


def write_map(root: Path, exam_id: str, cbv: npt.NDArray[np.float32]) -> None:
    """Write one map, atomically."""
    with atomic_file(root / f"{exam_id}.npy") as temporary, temporary.open("wb") as target:
        np.save(target, cbv, allow_pickle=False)


def read_map(root: Path, exam_id: str) -> npt.NDArray[np.float32]:
    """One map, mapped read-only.

    Raises:
        ResultError: it is missing or damaged.
    """
    try:
        cbv: npt.NDArray[np.float32] = np.load(root / f"{exam_id}.npy", mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise ResultError(
            f"{exam_id}: the synthetic map is missing or damaged; run 'cbvsynth synthesise' again."
        ) from error
    return cbv


def write_map_index(root: Path, index: MapIndex, measures: Iterable[MapMeasures]) -> None:
    """Write measures and then the index, whose presence says that the folder is whole."""
    with atomic_file(root / MEASURES_FILE) as temporary, temporary.open("w", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(astuple(row) for row in measures)
    write_json(root / INDEX_FILE, {"format": MAPS_FORMAT, **asdict(index)})


def read_map_index(root: Path) -> MapIndex:
    """Read which maps there are.

    Raises:
        ResultError: there is no index, or it is not one of ours.
    """
    path = root / INDEX_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != MAPS_FORMAT:
            raise ResultError(f"{path} is of another format. Run 'cbvsynth synthesise' again.")
        content["examinations"] = tuple(content["examinations"])
        return MapIndex(**content)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run 'cbvsynth synthesise' first.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ResultError(f"{path} is damaged; run 'cbvsynth synthesise' again.") from error


def read_measures(root: Path) -> dict[tuple[str, MapKind], MapMeasures]:
    """The measures by examination and kind of map.

    Raises:
        ResultError: the table is missing or damaged.
    """
    path = root / MEASURES_FILE
    try:
        with path.open(encoding="utf-8", newline="") as source:
            rows = [_measures(row) for row in csv.DictReader(source)]
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run 'cbvsynth synthesise' first.") from error
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ResultError(f"{path} is damaged ({error}); run 'cbvsynth synthesise' again.") from error
    return {(row.exam_id, row.kind): row for row in rows}


def _measures(row: dict[str, str]) -> MapMeasures:
    numbers = {name: float(row[name]) for name in _COLUMNS[2:]}
    return MapMeasures(exam_id=row["exam_id"], kind=MapKind(row["kind"]), **numbers)
