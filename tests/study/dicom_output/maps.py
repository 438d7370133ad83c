"""A small map, the DICOM series that it lies on, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.study.dicom.conversion import convert
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import Series, series_of
from cbvsynth.study.dicom_output.facts import MapFacts
from cbvsynth.study.dicom_output.source import SourcePlanes
from tests.study.dicom.dicom_files import T1C, write_enhanced, write_series

ROOT = "1.2.840.99999"
FACTS = MapFacts(
    registered="cbvsynth",
    version=7,
    model="encdec-t1-t1c",
    algorithm="Encoder-decoder, MAE",
    inputs=("T1", "T1C"),
    unit=TargetUnit.ML_PER_100G,
    cbv_max=25.0,
    made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    notes=("It stands in for another one.",),
)
RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def series_in(folder: Path, *, enhanced: bool = False) -> Series:
    """T1C as a scanner writes it, a file for each slice or one for all."""
    folder.mkdir(parents=True, exist_ok=True)
    if enhanced:
        write_enhanced(folder / "T1C", T1C)
    else:
        write_series(folder, T1C)
    (found,) = series_of(read_folder(folder)[0])
    return found


def map_on(series: Series, work: Path) -> Volume:
    """Random CBV on the grid that the converter gives a series, in its order of axes."""
    grid = convert(series, work)
    values = np.random.default_rng(4).uniform(0.0, 14.0, grid.shape)
    return Volume(values.astype(np.float32), grid.affine)


def made_up_planes() -> SourcePlanes:
    """Oblique slices without files behind them: 6 slices of 5 rows and 4 columns."""
    a, b = np.radians((20.0, 10.0))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    row, column, normal = (about_z @ about_x).T
    positions = np.array([-30.0, 12.0, 7.0]) + np.arange(6)[:, np.newaxis] * 3.0 * normal
    return SourcePlanes((), positions, row, column, (1.5, 2.0, 3.0), rows=5, columns=4)


def values_at(
    volume: Volume, affine: npt.NDArray[np.float64], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """The voxels of `volume` at the places of another grid's, one by one: slow, and sure."""
    to_voxel = np.linalg.inv(volume.affine) @ affine
    found = np.empty(shape, np.float32)
    for index in np.ndindex(*shape):
        exact = to_voxel[:3, :3] @ np.array(index) + to_voxel[:3, 3]
        assert np.abs(exact - np.rint(exact)).max() < 1e-3
        found[index] = volume.data[tuple(np.rint(exact).astype(int))]
    return found
