"""The series of scaled integers, read back by dcm2niix and looked at by dciodvfy and dcmdump."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.study.dicom.conversion import convert
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.recognition import recognise
from cbvsynth.study.dicom.series import series_of
from cbvsynth.study.dicom_output.slices import LARGEST_STORED, slices, step_of
from cbvsynth.study.dicom_output.source import SourcePlanes, read_source
from cbvsynth.study.dicom_output.uids import NewUids
from tests.study.dicom_output.maps import FACTS, ROOT, map_on, series_in, values_at
from tests.tools import require_tool

Written = tuple[Path, SourcePlanes, Volume]


@pytest.fixture(scope="module", params=["a file for each slice", "enhanced"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    work = tmp_path_factory.mktemp("slices")
    series = series_in(work / "in", enhanced=request.param == "enhanced")
    source, cbv = read_source(series), map_on(series, work)
    (work / "out").mkdir()
    for made in slices(source.frames(cbv), source, FACTS, NewUids(ROOT)):
        made.save_as(work / "out" / f"{made.InstanceNumber}.dcm", enforce_file_format=True)
    return work / "out", source, cbv


def test_dcm2niix_reads_the_map_back_within_half_a_step(written: Written, tmp_path: Path) -> None:
    folder, _, cbv = written
    (series,) = series_of(read_folder(folder)[0])
    assert series.problem == ""
    found = convert(series, tmp_path)
    expected = values_at(cbv, found.affine, found.shape)
    step = step_of(float(cbv.data.max()))
    assert step < 14.0 / 30_000
    np.testing.assert_allclose(found.data, expected, atol=0.5 * step * 1.001, rtol=1e-6)


def test_each_slice_lies_on_the_one_it_was_made_from(written: Written) -> None:
    folder, source, _ = written
    found = sorted((dcmread(path) for path in folder.iterdir()), key=lambda one: one.InstanceNumber)
    assert len({one.SOPInstanceUID for one in found}) == 8
    (series_uid,) = {one.SeriesInstanceUID for one in found}
    assert series_uid.startswith(f"{ROOT}.")
    for place, one in enumerate(found):
        header = source.headers[place] if len(source.headers) > 1 else source.first
        assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == header.SOPInstanceUID
        np.testing.assert_allclose(one.ImagePositionPatient, source.positions_mm[place], atol=1e-9)
        for name in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
            assert one[name].value == header[name].value
        assert "Synthetic" in one.SeriesDescription
        (mapping,) = one.RealWorldValueMappingSequence
        assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "mL/(100.g)"
        assert mapping.RealWorldValueSlope == float(one.RescaleSlope)


def test_outside_tools_find_no_error(written: Written) -> None:
    folder, *_ = written
    path = folder / "1.dcm"
    found = subprocess.run([require_tool("dciodvfy"), path], capture_output=True, text=True, check=False)
    assert "MRImage" in found.stderr
    assert "Error" not in found.stderr, found.stderr
    subprocess.run([require_tool("dcmdump"), "--quiet", path], capture_output=True, check=True)


def test_it_is_never_taken_for_measured_cbv(written: Written) -> None:
    """Put back beside the scanner's images, it would be what the next model is trained on."""
    folder, *_ = written
    (series,) = series_of(read_folder(folder)[0])
    finding = recognise(series)
    assert finding.role == ""
    assert finding.reason == "a synthetic map of this software, no image of a scanner"


def test_a_relative_map_says_so(written: Written) -> None:
    _, source, cbv = written
    facts = replace(FACTS, unit=TargetUnit.RELATIVE)
    made = next(slices(source.frames(cbv), source, facts, NewUids()))
    assert made.RescaleType == "relative"
    assert made.RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "{ratio}"


@pytest.mark.parametrize("largest", [1e-6, 0.3, 14.0, 32767.0, 1e6])
def test_the_largest_value_fits_and_the_step_is_written_as_it_is(largest: float) -> None:
    step = step_of(largest)
    assert largest / LARGEST_STORED <= step < largest / LARGEST_STORED * 1.0001
    assert float(f"{step:.6g}") == step


def test_without_any_value_the_step_is_one() -> None:
    assert step_of(0.0) == 1.0
