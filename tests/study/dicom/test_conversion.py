"""One series becomes one image, voxel by voxel where its tags put it, in the values that they give."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.study.dicom.conversion import convert, is_lossy
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import series_of
from tests.study.dicom.dicom_files import (
    COLUMNS,
    ROWS,
    SLICES,
    SPACING_MM,
    T1,
    head,
    position,
    save,
    write_enhanced,
    write_series,
)
from tests.study.dicom.test_series import only


def value_at(volume: Volume, index: tuple[int, int, int]) -> float:
    """The voxel that lies where slice, row and column of the DICOM series do."""
    z, y, x = index
    left, back, up = position(z)
    place = np.array([-(left + x * SPACING_MM[1]), -(back + y * SPACING_MM[0]), up, 1.0])
    voxel = np.rint(np.linalg.inv(volume.affine) @ place)[:3].astype(int)
    return float(volume.data[tuple(voxel)])


@pytest.mark.parametrize("kind", ["classic", "enhanced"])
def test_every_voxel_lies_where_the_tags_put_it(tmp_path: Path, kind: str) -> None:
    if kind == "classic":
        write_series(tmp_path / "in", T1)
    else:
        write_enhanced(tmp_path / "in" / "a.dcm", T1)
    volume = convert(only(tmp_path / "in"), tmp_path)
    assert volume.shape == (COLUMNS, ROWS, SLICES)
    expected = head()
    for index in np.ndindex(expected.shape):
        assert value_at(volume, index) == expected[index]


@pytest.mark.parametrize("vendor", ["SIEMENS", "GE MEDICAL SYSTEMS", "Philips Medical Systems", "TOSHIBA"])
def test_the_rescale_is_applied_also_where_it_differs_between_slices(tmp_path: Path, vendor: str) -> None:
    """A converter told to show values as displayed ignores slopes that differ, silently."""

    def rescale(dataset: Any, index: int) -> None:
        dataset.Manufacturer = vendor
        dataset.RescaleSlope = 0.5 * (index + 1)
        dataset.RescaleIntercept = 2

    write_series(tmp_path / "in", T1, change=rescale)
    one = only(tmp_path / "in")
    volume = convert(one, tmp_path)
    expected = head()
    for z in range(SLICES):
        assert value_at(volume, (z, 9, 7)) == pytest.approx(expected[z, 9, 7] * 0.5 * (z + 1) + 2)


@pytest.mark.parametrize("varies", [False, True])
def test_philips_is_converted_as_displayed_where_slices_differ(tmp_path: Path, varies: bool) -> None:  # noqa: FBT001
    """The converter divided by the private scale: CBV in mL/100 g was wrong by a factor."""

    def scales(dataset: Any, index: int) -> None:
        dataset.Manufacturer = "Philips Medical Systems"
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.5 * (index + 1), 2
        block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", 0.01 * (index + 1 if varies else 1))

    paths = write_series(tmp_path / "in", T1, change=scales)
    volume = convert(only(tmp_path / "in"), tmp_path)
    expected = head()
    for z in range(SLICES):
        assert value_at(volume, (z, 9, 7)) == pytest.approx(expected[z, 9, 7] * 0.5 * (z + 1) + 2)
    paths[3].write_bytes(paths[3].read_bytes()[:-200])
    with pytest.raises(VolumeError, match="damaged"):
        convert(only(tmp_path / "in"), tmp_path)


def test_philips_is_converted_as_displayed_where_that_is_one_scale(tmp_path: Path) -> None:
    def scales(dataset: Any, _: int) -> None:
        dataset.Manufacturer = "Philips Medical Systems"
        dataset.RescaleSlope, dataset.RescaleIntercept = 2.0, 1.0
        dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.01)

    write_series(tmp_path / "in", T1, change=scales)
    one = only(tmp_path / "in")
    assert one.philips_scale == pytest.approx(0.01)
    assert value_at(convert(one, tmp_path), (2, 9, 7)) == pytest.approx(head()[2, 9, 7] * 2.0 + 1.0)


@pytest.mark.parametrize(
    "name",
    ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"],
)
def test_a_compressed_series_is_read_without_loss(tmp_path: Path, name: str) -> None:
    """Of one slice that pydicom brings in every compression, five times."""
    for index in range(5):
        dataset = dcmread(get_testdata_file(name, download=False))
        dataset.SOPInstanceUID = f"1.2.3.{index + 1}"
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = [0.0, 0.0, 4.0 * index]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        save(dataset, tmp_path / "in" / f"{index}.dcm")
    expected = dcmread(get_testdata_file("MR_small.dcm", download=False)).pixel_array
    volume = convert(only(tmp_path / "in"), tmp_path)
    np.testing.assert_array_equal(volume.data[:, ::-1, 2].T, expected)


@pytest.mark.parametrize("enhanced", ["classic", "enhanced"])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, enhanced: str) -> None:
    if enhanced == "enhanced":
        path = write_enhanced(tmp_path / "in" / "a.dcm", T1)
    else:
        path = write_series(tmp_path / "in", T1)[3]
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(VolumeError, match="a file may be cut short or damaged; export it again"):
        convert(only(tmp_path / "in"), tmp_path)


def test_a_compression_that_is_not_read_is_named_with_what_helps(tmp_path: Path) -> None:
    def claim(dataset: Any, _: int) -> None:
        from pydicom.encaps import encapsulate

        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.106"  # MPEG-4
        dataset.PixelData = encapsulate([b"no film at all " * 4])

    write_series(tmp_path / "in", T1, change=claim)
    with pytest.raises(
        VolumeError, match=r"transfer syntax 1\.2\.840\.10008\.1\.2\.4\.106\) is not read .*gdcmconv"
    ):
        convert(only(tmp_path / "in"), tmp_path)


def test_loss_by_compression_is_known(tmp_path: Path) -> None:
    write_series(tmp_path, {**T1, "LossyImageCompression": "01"})
    assert is_lossy(only(tmp_path))


def test_two_images_in_one_series_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "a", T1)
    write_series(tmp_path / "in" / "b", T1, number=2)
    first, second = series_of(read_folder(tmp_path / "in")[0])
    both = dataclasses.replace(first, files=(*first.files, *second.files))
    with pytest.raises(VolumeError, match=r"series 1: the converter .* made 2 images"):
        convert(both, tmp_path)


def test_an_image_elsewhere_than_its_tags_say_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "in", T1)
    one = only(tmp_path / "in")
    assert one.corners_mm is not None
    moved = dataclasses.replace(one, corners_mm=one.corners_mm + np.array([0.0, 0.3, 0.0]))
    with pytest.raises(VolumeError, match=r"corners 0\.2 voxels from where its tags do"):
        convert(moved, tmp_path)
    near = dataclasses.replace(one, corners_mm=one.corners_mm + np.array([0.0, 0.1, 0.0]))
    assert convert(near, tmp_path).shape == (COLUMNS, ROWS, SLICES)
    with pytest.raises(VolumeError, match="made an image of"):
        convert(dataclasses.replace(one, shape=(16, 20, 9)), tmp_path)


def test_nothing_is_left_in_the_work_folder(tmp_path: Path) -> None:
    write_series(tmp_path / "in", T1)
    work = tmp_path / "work"
    work.mkdir()
    convert(only(tmp_path / "in"), work)
    assert list(work.iterdir()) == []
