"""Synthetic maps of cached examinations, all of one model: a folder beside the cache.

<root>/index.json              which model made them, from which data
<root>/measures.csv            what is measured in each real and synthetic map
<root>/<exam_id>.npy           (X, Y, Z) float32, the target's unit, on the grid of the cache
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import CsvFile
from cbvsynth.records.json_codec import JsonFile
from cbvsynth.records.results import LARGEST
from cbvsynth.records.storage import atomic_file

INDEX_FILE, MEASURES_FILE = "index.json", "measures.csv"


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


_MAKER = "'cbvsynth synthesise'"
_INDEX = JsonFile(MapIndex, "an index of synthetic maps", maker=_MAKER, version=1)


def _problem(measures: MapMeasures) -> str:
    numbers = {name: value for name, value in asdict(measures).items() if isinstance(value, float)}
    wrong = [f"{name} is {value:g}" for name, value in numbers.items() if abs(value) > LARGEST]
    return f"{wrong[0]}; expected {-LARGEST:g} to {LARGEST:g}, or nan" if wrong else ""


_MEASURES = CsvFile(
    MapMeasures, "a table of measures", maker=_MAKER, key=("exam_id", "kind"), problem=_problem
)


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
    _MEASURES.write(root / MEASURES_FILE, measures)
    _INDEX.write(root / INDEX_FILE, index)


def read_map_index(root: Path) -> MapIndex:
    """Read which maps there are.

    Raises:
        ResultError: there is no index, or it is not one of ours.
    """
    return _INDEX.read(root / INDEX_FILE)


def read_measures(root: Path) -> dict[tuple[str, MapKind], MapMeasures]:
    """The measures by examination and kind of map.

    Raises:
        ResultError: the table is missing or damaged.
    """
    return {(row.exam_id, row.kind): row for row in _MEASURES.read(root / MEASURES_FILE)}
