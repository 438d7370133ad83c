"""The cache between preprocess and train: one folder of arrays per examination, and an index.

    <root>/index.json
    <root>/<exam_id>/{t1,t2,t1c,flair,adc}.npy   (X, Y, Z) float32, raw intensities, 0 outside the brain
                                                 (ADC in 1e-6 mm2/s); absent where not acquired
    <root>/<exam_id>/cbv.npy                     (X, Y, Z) float32, in the target unit, 0 outside the brain
    <root>/<exam_id>/mask.npy                    (X, Y, Z) bool, brain
    <root>/<exam_id>/seg.npy                     (X, Y, Z) uint8, lesion labels, 0 is none; may be absent

Plain .npy files are mapped into memory, so that an epoch copies only what a step needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ResultError
from cbvsynth.records.storage import write_json

INDEX_FORMAT = 1

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CachedExamination:
    """Entry of the index. `affine` maps voxels to RAS millimetres; `split` is train or held-out."""

    exam_id: str
    subject_id: str
    session_id: str
    split: str
    diagnosis: str
    grade: str
    sequences: tuple[Sequence, ...]
    target_unit: TargetUnit
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: tuple[tuple[float, ...], ...]
    fingerprint: str
    """Digest of the source files and of every setting that shapes the arrays."""

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel, mL."""
        return float(np.prod(self.spacing_mm)) / 1000.0


@dataclass(frozen=True)
class ExaminationIndex:
    """All cached examinations of a run, sorted by exam_id."""

    root: Path
    preprocessing_version: str
    target_unit: TargetUnit
    split_by: str
    data_fingerprint: str
    """Digest over all examinations and their splits: the version of the data a model saw."""
    examinations: tuple[CachedExamination, ...]

    def of_split(self, split: str, sequences: Iterable[Sequence] = ()) -> tuple[CachedExamination, ...]:
        """Examinations of a split that have all the given sequences."""
        needed = set(sequences)
        return tuple(
            examination
            for examination in self.examinations
            if examination.split == split and needed <= set(examination.sequences)
        )

    def array(self, exam_id: str, name: str) -> npt.NDArray[np.generic]:
        """One array of an examination, mapped read-only; `name` is t1 ... adc, cbv, mask or seg.

        Raises:
            ResultError: the file is missing or is not an array.
        """
        path = self.root / exam_id / f"{name}.npy"
        try:
            array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (FileNotFoundError, ValueError, EOFError) as error:
            raise ResultError(
                f"{exam_id}: the cached array '{name}' is missing or damaged; expected what "
                "preprocess wrote. Run preprocess again."
            ) from error
        return array

    def has(self, exam_id: str, name: str) -> bool:
        """Whether an optional array such as seg exists."""
        return (self.root / exam_id / f"{name}.npy").is_file()


def write_index(index: ExaminationIndex) -> None:
    """Write index.json into the index's root, atomically."""
    write_json(
        index.root / "index.json",
        {
            "format": INDEX_FORMAT,
            "preprocessing_version": index.preprocessing_version,
            "target_unit": index.target_unit,
            "split_by": index.split_by,
            "data_fingerprint": index.data_fingerprint,
            "examinations": [asdict(examination) for examination in index.examinations],
        },
    )


def read_index(root: Path) -> ExaminationIndex:
    """Read what `write_index` wrote.

    Raises:
        ResultError: there is no index, or it is not one of ours.
    """
    path = root / "index.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != INDEX_FORMAT:
            raise ResultError(
                f"{path} has format {content['format']}, expected {INDEX_FORMAT}. Run preprocess again."
            )
        return ExaminationIndex(
            root=root,
            preprocessing_version=content["preprocessing_version"],
            target_unit=TargetUnit(content["target_unit"]),
            split_by=content["split_by"],
            data_fingerprint=content["data_fingerprint"],
            examinations=tuple(_entry(row) for row in content["examinations"]),
        )
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run preprocess first.") from error
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ResultError(f"{path} is not an index of examinations; run preprocess again.") from error


def _entry(row: dict[str, object]) -> CachedExamination:
    values = dict(row)
    values["sequences"] = tuple(Sequence(str(name)) for name in _items(row["sequences"]))
    values["target_unit"] = TargetUnit(str(row["target_unit"]))
    values["shape"] = tuple(int(str(size)) for size in _items(row["shape"]))
    values["spacing_mm"] = tuple(float(str(size)) for size in _items(row["spacing_mm"]))
    values["affine"] = tuple(
        tuple(float(str(value)) for value in _items(line)) for line in _items(row["affine"])
    )
    return CachedExamination(**values)  # type: ignore[arg-type]  # a wrong key raises TypeError, caught above


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {type(value).__name__}")
    return value
