from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cbvsynth.phantom.dicom.datasets import SeriesContent, file_bytes, series_datasets, uid
from cbvsynth.phantom.dicom.vendors import Framing, SeriesStyle, UnitTag
from cbvsynth.phantom.signals import T1_PROTOCOL

OBLIQUE = np.array(
    [[-2.0, 0.0, 0.0, 30.0], [0.0, 1.9, -0.95, -20.0], [0.0, 0.57, 3.17, 5.0], [0.0, 0.0, 0.0, 1.0]]
)
VOXELS = np.arange(6 * 5 * 4, dtype=np.float64).reshape(6, 5, 4)


def common() -> Dataset:
    dataset = Dataset()
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = "A", "1", "20240101"
    dataset.StudyInstanceUID, dataset.Manufacturer, dataset.Modality = uid("study"), "Philips", "MR"
    return dataset


def content(**changes: object) -> SeriesContent:
    values = {"role": "t1", "voxels": VOXELS, "affine": OBLIQUE, "protocol": T1_PROTOCOL}
    return SeriesContent(**{**values, "number": 3, "agent": "", "seconds": 3661, **changes})


def read(dataset: pydicom.FileDataset) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(file_bytes(dataset)))


@pytest.mark.parametrize("framing", list(Framing))
def test_each_pixel_lies_where_its_voxel_lay(framing: Framing) -> None:
    """The position of a pixel by the standard's equation (C.7.6.2.1.1), against the affine."""
    style = SeriesStyle("T1", ("ORIGINAL", "PRIMARY", "M"), framing)
    for file in map(read, series_datasets(common(), content(), style)):
        shared = file.get("SharedFunctionalGroupsSequence", [file])[0]
        orientation = shared.get("PlaneOrientationSequence", [file])[0].ImageOrientationPatient
        spacing = shared.get("PixelMeasuresSequence", [file])[0].PixelSpacing
        frames = file.get("PerFrameFunctionalGroupsSequence", [file])
        pixels = file.pixel_array.reshape(len(frames), file.Rows, file.Columns)
        for frame, image in zip(frames, pixels, strict=True):
            position = frame.get("PlanePositionSequence", [file])[0].ImagePositionPatient
            for row, column in ((0, 0), (4, 5), (2, 1)):
                place = (
                    np.array(position, dtype=float)
                    + np.array(orientation[:3], dtype=float) * float(spacing[1]) * column
                    + np.array(orientation[3:], dtype=float) * float(spacing[0]) * row
                )
                index = np.linalg.solve(OBLIQUE, [-place[0], -place[1], place[2], 1.0])[:3]
                assert VOXELS[tuple(np.rint(index).astype(int))] == image[row, column]
                np.testing.assert_allclose(index, np.rint(index), atol=1e-5)


def test_an_agent_and_an_inversion_time_are_told_only_where_there_is_one() -> None:
    style = SeriesStyle("T1", ("ORIGINAL", "PRIMARY", "M"))
    without, with_agent = (
        read(series_datasets(common(), content(agent=agent), style)[0]) for agent in ("", "Gadovist")
    )
    assert "ContrastBolusAgent" not in without
    assert with_agent.ContrastBolusAgent == "Gadovist"
    assert "InversionTime" not in without
    assert without.AcquisitionTime == "010101.000000"


@pytest.mark.parametrize("tag", list(UnitTag))
def test_a_map_is_stored_as_integers_with_a_slope_and_its_unit(tag: UnitTag) -> None:
    style = SeriesStyle(
        "ADC",
        ("DERIVED", "PRIMARY", "ADC"),
        stored_step=0.01,
        unit="10-3 mm2/s",
        unit_factor=0.1,
        unit_tag=tag,
    )
    first = read(series_datasets(common(), content(role="adc"), style)[0])
    values = first.pixel_array * float(first.RescaleSlope)
    np.testing.assert_allclose(values, 0.1 * VOXELS[:, ::-1, 0].T, atol=0.005001)
    texts = {
        UnitTag.NONE: "US",
        UnitTag.RESCALE_TYPE: first.RescaleType,
        UnitTag.REAL_WORLD_VALUE: str(first.get("RealWorldValueMappingSequence", "")),
        UnitTag.PRIVATE_PHILIPS: str(first[0x2005, 0x110B].value if (0x2005, 0x110B) in first else ""),
    }
    assert ("mm2/s" in texts[tag]) == (tag is not UnitTag.NONE)
    assert first[0x2005, 0x100E].value == pytest.approx(100.0)


def test_equal_words_give_equal_identifiers_and_different_ones_others() -> None:
    assert uid("a", 1) == uid("a", 1) != uid("a", 2)
    assert len(uid("a")) <= 64
