"""Slices make a volume, or the first thing that keeps them from being one is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import Series, series_of
from tests.study.dicom.dicom_files import SLICES, T1, head, position, write_enhanced, write_series


def only(folder: Path) -> Series:
    (one,) = series_of(read_folder(folder)[0])
    return one


def test_a_whole_series_has_its_corners_plane_and_spacing(tmp_path: Path) -> None:
    write_series(tmp_path, T1)
    one = only(tmp_path)
    assert (one.problem, one.plane, one.volumes, one.shape) == ("", "ax", 1, (16, 20, SLICES))
    assert one.spacing_mm == (1.25, 1.5, 4.0)
    assert one.corners_mm is not None
    np.testing.assert_allclose(
        one.corners_mm, [[10, 15, -12], [10, 15, 16], [10 - 15 * 1.25, 15, -12], [10, 15 - 19 * 1.5, -12]]
    )


@pytest.mark.parametrize(
    ("orientation", "step", "plane"),
    [
        ([0, 1, 0, 0, 0, -1], (4, 0, 0), "sag"),
        ([1, 0, 0, 0, 0, -1], (0, 4, 0), "cor"),
        ([1, 0, 0, 0, math.cos(0.3), math.sin(0.3)], (0, -4 * math.sin(0.3), 4 * math.cos(0.3)), "ax"),
        (
            [1, 0, 0, 0, math.cos(0.75), math.sin(0.75)],
            (0, -4 * math.sin(0.75), 4 * math.cos(0.75)),
            "oblique",
        ),
    ],
)
def test_planes_are_told_by_orientation(
    tmp_path: Path, orientation: list[float], step: tuple[float, ...], plane: str
) -> None:
    def turn(dataset: Any, index: int) -> None:
        dataset.ImageOrientationPatient = orientation
        dataset.ImagePositionPatient = [index * part for part in step]

    write_series(tmp_path, T1, change=turn)
    one = only(tmp_path)
    assert (one.problem, one.plane) == ("", plane)


def place(**tags: Any) -> Any:
    def change(dataset: Any, index: int) -> None:
        if index == 3:
            for name, value in tags.items():
                setattr(dataset, name, value)

    return change


def tilted(dataset: Any, index: int) -> None:
    x, y, z = position(index)
    dataset.ImagePositionPatient = [x, y + 0.5 * index, z]


def breathing(dataset: Any, index: int) -> None:
    x, y, z = position(index)
    dataset.ImagePositionPatient = [x, y, z + (0.1 if index == 3 else 0.0)]


def uneven(dataset: Any, index: int) -> None:
    x, y, z = position(index)
    dataset.ImagePositionPatient = [x, y, z + (1.0 if index == 3 else 0.0)]


def no_position(dataset: Any, index: int) -> None:
    if index == 3:
        del dataset.ImagePositionPatient


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (tilted, "7.13 degrees to their normal (a tilted gantry)"),
        (uneven, "its slices are unevenly spaced (distances of 3 to 5 mm, usually 4 mm)"),
        (breathing, ""),
        (no_position, "a slice states no position"),
        (place(FrameOfReferenceUID="1.9"), "different frames of reference"),
        (place(PixelSpacing=[1.5, 1.5]), "its slices differ in pixel size"),
        (place(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "several orientations"),
    ],
)
def test_what_is_no_volume_says_why(tmp_path: Path, change: Any, problem: str) -> None:
    write_series(tmp_path, T1, change=change)
    found = only(tmp_path).problem
    assert problem in found
    assert bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("skip", "words"), [([3], "1 slice or so missing"), ([3, 4], "2 slices or so missing")]
)
def test_missing_slices_are_counted(tmp_path: Path, skip: list[int], words: str) -> None:
    write_series(tmp_path, T1, skip=skip)
    assert words in only(tmp_path).problem


def test_a_few_slices_are_no_volume(tmp_path: Path) -> None:
    write_series(tmp_path / "a", T1, voxels=head()[:4])
    assert "4 slices are no volume of a head" in only(tmp_path / "a").problem
    write_series(tmp_path / "b", T1, voxels=head()[:5])
    assert only(tmp_path / "b").problem == ""


def test_a_dynamic_series_has_as_many_volumes_as_images_of_a_place(tmp_path: Path) -> None:
    voxels = np.concatenate([head(), head(120), head(140)])

    def again(dataset: Any, index: int) -> None:
        dataset.ImagePositionPatient = position(index % SLICES)

    write_series(tmp_path / "a", T1, voxels=voxels, change=again)
    assert only(tmp_path / "a").volumes == 3
    write_series(tmp_path / "b", T1, voxels=voxels, change=again, skip=[20])
    assert "slices are missing or there twice" in only(tmp_path / "b").problem


def test_echoes_of_one_series_are_apart_but_not_by_rounding(tmp_path: Path) -> None:
    def echo(dataset: Any, index: int) -> None:
        dataset.ImagePositionPatient = position(index % SLICES)
        dataset.EchoTime = (14.0 if index < SLICES else 95.0) + 0.01 * index

    write_series(tmp_path, T1, voxels=np.concatenate([head(), head(120)]), change=echo)
    found = series_of(read_folder(tmp_path)[0])
    assert [(round(one.tags.te_ms), one.volumes, one.problem) for one in found] == [(14, 1, ""), (95, 1, "")]


def test_magnitude_and_phase_in_one_series_are_apart(tmp_path: Path) -> None:
    def component(dataset: Any, index: int) -> None:
        dataset.ImagePositionPatient = position(index % SLICES)
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M" if index < SLICES else "P"]

    write_series(tmp_path, T1, voxels=np.concatenate([head(), head(120)]), change=component)
    assert len(series_of(read_folder(tmp_path)[0])) == 2


def test_frames_of_an_enhanced_file_are_slices(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a.dcm", T1)
    one = only(tmp_path)
    assert (one.problem, one.shape, one.spacing_mm) == ("", (16, 20, SLICES), (1.25, 1.5, 4.0))
