"""The cache between preprocess and train: one folder of arrays per examination, and an index.

    <root>/index.json
    <root>/<exam_id>/{t1,t2,t1c,flair,adc}.npy   (X, Y, Z) float32, raw intensities, 0 outside the brain
                                                 (ADC in 1e-6 mm2/s); absent where not acquired
    <root>/<exam_id>/asl.npy                     (X, Y, Z) float32, CBF in mL/100 g/min; usually absent
    <root>/<exam_id>/cbv.npy                     (X, Y, Z) float32, in the target unit, 0 outside the brain
    <root>/<exam_id>/mask.npy                    (X, Y, Z) bool, brain
    <root>/<exam_id>/seg.npy                     (X, Y, Z) uint8, lesion labels, 0 is none; may be absent

Plain .npy files are mapped into memory, so that an epoch copies only what a step needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ResultError
from cbvsynth.records.json_codec import JsonFile
from cbvsynth.records.origins import NOT_RECORDED, Origin

INDEX_FILE = "index.json"

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
    origin: Origin = NOT_RECORDED
    """Who made the study."""

    def of_split(self, split: str, sequences: Iterable[Sequence] = ()) -> tuple[CachedExamination, ...]:
        """Examinations of a split that have all the given sequences."""
        needed = set(sequences)
        return tuple(
            examination
            for examination in self.examinations
            if examination.split == split and needed <= set(examination.sequences)
        )

    def array(self, exam_id: str, name: str) -> npt.NDArray[np.generic]:
        """One array of an examination, mapped read-only; `name` is t1 ... asl, cbv, mask or seg.

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


_FILE = JsonFile(
    ExaminationIndex, "an index of examinations", maker="preprocess", version=1, outside=("root",)
)


def write_index(index: ExaminationIndex) -> None:
    """Write index.json into the index's root, atomically."""
    _FILE.write(index.root / INDEX_FILE, index)


def read_index(root: Path) -> ExaminationIndex:
    """Read what `write_index` wrote.

    Raises:
        ResultError: there is no index, or it is not one of ours.
    """
    return _FILE.read(root / INDEX_FILE, root=root)
