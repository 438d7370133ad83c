"""The Parametric Map, read back by highdicom and looked at by dciodvfy and dcmdump."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cbvsynth.domain.volume import Volume
from cbvsynth.study.dicom_output.parametric_map import parametric_map, sd_map
from cbvsynth.study.dicom_output.source import SourcePlanes, read_source
from cbvsynth.study.dicom_output.uids import NewUids
from tests.study.dicom_output.maps import FACTS, RAS_LPS, ROOT, map_on, series_in, values_at
from tests.tools import require_tool

Written = tuple[Path, Dataset, SourcePlanes, Volume]


@pytest.fixture(scope="module", params=["a file for each slice", "enhanced"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    work = tmp_path_factory.mktemp("map")
    series = series_in(work / "in", enhanced=request.param == "enhanced")
    source, cbv = read_source(series), map_on(series, work)
    made = parametric_map(source.frames(cbv), source, FACTS, NewUids(ROOT))
    made.save_as(work / "map.dcm")
    return work / "map.dcm", made, source, cbv


def test_highdicom_reads_the_map_back_to_the_last_bit(written: Written) -> None:
    import highdicom

    path, _, _, cbv = written
    found = highdicom.imread(path).get_volume(dtype=np.float32)
    expected = values_at(cbv, RAS_LPS @ found.affine, found.array.shape)
    np.testing.assert_array_equal(found.array, expected)


def test_it_stays_in_the_patients_study_and_place_and_is_new(written: Written) -> None:
    _, made, source, _ = written
    for name in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID"):
        assert made[name].value == source.first[name].value
    assert made.FrameOfReferenceUID == source.first.FrameOfReferenceUID
    assert made.SeriesDescription == "Synthetic CBV [mL/100 g], research only"
    assert (made.ContentQualification, made.ImageType[0]) == ("RESEARCH", "DERIVED")
    new = {made.SeriesInstanceUID, made.SOPInstanceUID}
    new |= {item.DimensionOrganizationUID for item in made.DimensionOrganizationSequence}
    assert all(uid.startswith(f"{ROOT}.") for uid in new)


def test_quantity_unit_and_derivation_are_coded(written: Written) -> None:
    _, made, source, _ = written
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1.0, 0.0)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "mL/(100.g)"
    assert mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue == "113056"
    sources = set()
    for frame in made.PerFrameFunctionalGroupsSequence:
        (derivation,) = frame.DerivationImageSequence
        assert derivation.DerivationDescription == FACTS.derivation
        assert derivation.DerivationCodeSequence[0].CodeValue == "123110"
        sources |= {item.ReferencedSOPInstanceUID for item in derivation.SourceImageSequence}
    assert sources == {header.SOPInstanceUID for header in source.headers}


def test_outside_tools_find_no_error(written: Written) -> None:
    path, *_ = written
    found = subprocess.run([require_tool("dciodvfy"), path], capture_output=True, text=True, check=False)
    assert "ParametricMap" in found.stderr
    assert "Error" not in found.stderr, found.stderr
    subprocess.run([require_tool("dcmdump"), "--quiet", path], capture_output=True, check=True)


def test_a_map_of_zeros_can_be_written(written: Written) -> None:
    _, _, source, cbv = written
    made = parametric_map(np.zeros_like(source.frames(cbv)), source, FACTS, NewUids())
    assert not np.frombuffer(made.FloatPixelData, np.float32).any()


def test_how_sure_the_map_is_is_a_map_of_its_own(written: Written, tmp_path: Path) -> None:
    """The standard deviation of the map's own quantity, coded as such; no reader takes it for the map."""
    _, map_made, source, cbv = written
    import highdicom

    sd = Volume(np.float32(0.1) * cbv.data, cbv.affine)
    made = sd_map(source.frames(sd), source, FACTS, NewUids(ROOT))
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    quantity, derivation = mapping.QuantityDefinitionSequence
    assert quantity.ConceptCodeSequence[0].CodeValue == "113056"
    assert derivation.ConceptNameCodeSequence[0].CodeMeaning == "Derivation"
    assert derivation.ConceptCodeSequence[0].CodeMeaning == "Standard Deviation"
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "mL/(100.g)"
    assert made.SeriesDescription == "SD of synthetic CBV [mL/100 g], research only"
    assert made.ImageComments.startswith("Standard deviation of the synthetic map")
    assert made.FrameOfReferenceUID == map_made.FrameOfReferenceUID
    assert made.SeriesInstanceUID != map_made.SeriesInstanceUID
    assert (made.SeriesNumber, map_made.SeriesNumber) == (9104, 9101)
    made.save_as(tmp_path / "sd.dcm")
    read = highdicom.imread(tmp_path / "sd.dcm").get_volume(dtype=np.float32)
    np.testing.assert_array_equal(read.array, values_at(sd, RAS_LPS @ read.affine, read.array.shape))
    found = subprocess.run(
        [require_tool("dciodvfy"), tmp_path / "sd.dcm"], capture_output=True, text=True, check=False
    )
    assert "ParametricMap" in found.stderr
    assert "Error" not in found.stderr, found.stderr
