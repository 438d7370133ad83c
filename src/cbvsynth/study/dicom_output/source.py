"""The series whose grid a map has: what its files say of patient, study and place, without their pixels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError
from cbvsynth.study.dicom.series import Series

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SAME_VOXEL = 0.01
"""How far a slice of the map may lie from the source's, in voxels: tags are rounded. Our choice."""

_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
    *("PositionReferenceIndicator", "Manufacturer"),
)
"""What every image has, though it may say nothing; some exports leave it out."""
_PLAIN = (None, "", "ISO_IR 6")
"""How it is said that there are ASCII's letters alone; the standard says it by no character set at all."""
_RAS_LPS = np.array([-1.0, -1.0, 1.0])

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SourcePlanes:
    """Slices of the source, in the order in which they are stacked.

    headers: its files without pixels; the first one without its character set.
    positions_mm: (N, 3) of each slice's first pixel, in DICOM's axes (left, posterior, superior).
    row_direction, column_direction: (3,), where the columns of a row and the rows of a column follow.
    spacing_mm: between rows, between columns, between slices.
    character_set: to write the text of the first header in; empty where ASCII's letters are enough.
    """

    headers: tuple[Dataset, ...]
    positions_mm: Float64Array
    row_direction: Float64Array
    column_direction: Float64Array
    spacing_mm: tuple[float, float, float]
    rows: int
    columns: int
    character_set: str | list[str] = ""

    @property
    def first(self) -> Dataset:
        """The header that stands for patient, study and equipment."""
        return self.headers[0]

    def frames(self, volume: Volume) -> npt.NDArray[np.float32]:
        """The voxels of a map on this grid as (slices, rows, columns).

        Raises:
            GridError: the map lies on another grid.
        """
        to_voxel = np.linalg.inv(volume.affine)

        def voxel(place_mm: Float64Array) -> Float64Array:
            found: Float64Array = to_voxel[:3, :3] @ (place_mm * _RAS_LPS) + to_voxel[:3, 3]
            return found

        origin = self.positions_mm[0]
        last = (
            origin + self.row_direction * self.spacing_mm[1] * (self.columns - 1),
            origin + self.column_direction * self.spacing_mm[0] * (self.rows - 1),
            self.positions_mm[-1],
        )
        corners = np.array([voxel(origin), *(voxel(place) for place in last)])
        nearest = np.rint(corners).astype(int)
        steps = nearest[1:] - nearest[0]
        axes = np.argmax(np.abs(steps), axis=1)
        shape = tuple(int(volume.shape[axis]) for axis in axes)
        ends = np.sort(np.stack([np.broadcast_to(nearest[0], (3, 3)), nearest[1:]]), axis=0)
        off = float(np.abs(corners - nearest).max())
        if (
            off > SAME_VOXEL
            or sorted(axes) != [0, 1, 2]
            or shape != (self.columns, self.rows, len(self.positions_mm))
            or any(
                tuple(ends[:, place, axis]) != (0, volume.shape[axis] - 1) for place, axis in enumerate(axes)
            )
        ):
            raise GridError(
                f"The map has {volume.shape} voxels, and the first one of the DICOM series that it is "
                f"written for ({self.columns}, {self.rows}, {len(self.positions_mm)}) lies at "
                f"{tuple(round(float(one), 2) for one in corners[0])} of it; expected that series' own grid. "
                "Give it as --reference."
            )
        turned = np.transpose(volume.data, axes[::-1])
        for place, axis in enumerate((2, 1, 0)):
            if steps[axis, axes[axis]] < 0:
                turned = np.flip(turned, place)
        return np.ascontiguousarray(turned)


def read_source(series: Series) -> SourcePlanes:
    """Read the headers of a series that makes a volume."""
    from pydicom import dcmread

    assert series.corners_mm is not None, "a series that was converted makes a volume"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's quote what they are about
        headers = [dcmread(path, stop_before_pixels=True, force=True) for path in series.files]
    for header in headers:
        for name in _MAY_BE_EMPTY:
            if name not in header:
                setattr(header, name, "")
    first, last, end_of_row, end_of_column = series.corners_mm * _RAS_LPS
    columns, rows, slices = series.shape
    normal = (last - first) / np.linalg.norm(last - first)
    headers.sort(key=lambda one: _along(one, normal))
    share = np.linspace(0.0, 1.0, slices)[:, np.newaxis]
    positions = first + (last - first) * share
    if len(headers) == slices:  # a file for each slice says where it lies
        positions = np.array([one.ImagePositionPatient for one in headers], np.float64)
    return SourcePlanes(
        headers=tuple(headers),
        positions_mm=positions,
        row_direction=(end_of_row - first) / np.linalg.norm(end_of_row - first),
        column_direction=(end_of_column - first) / np.linalg.norm(end_of_column - first),
        spacing_mm=(series.spacing_mm[1], series.spacing_mm[0], series.spacing_mm[2]),
        rows=rows,
        columns=columns,
        character_set=_without_character_set(headers[0]),
    )


def _without_character_set(header: Dataset) -> str | list[str]:
    """Take the character set out of a header: highdicom refuses those of East Asia in the standard's form.

    Its text is read as before: pydicom keeps in mind how it was stored.
    """
    found = header.get("SpecificCharacterSet")
    if "SpecificCharacterSet" in header:
        del header.SpecificCharacterSet
    if found in _PLAIN:
        return ""
    return found if isinstance(found, str) else list(found)


def _along(header: Dataset, normal: Float64Array) -> float:
    position = header.get("ImagePositionPatient")
    return 0.0 if position is None else float(np.array(position, np.float64) @ normal)
