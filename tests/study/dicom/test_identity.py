"""Nothing that says whose images these are leaves the files: not by an output, a name, or a message."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.datadict import DicomDictionary

from cbvsynth.domain.options import Layout
from cbvsynth.errors import CbvsynthError
from cbvsynth.study.dicom.examinations import convert_folder
from cbvsynth.study.manifest import scan_study, write_manifest
from tests.study.dicom.dicom_files import RCBV, T1, T1C, T2, head, with_key, write_series

NAME, NUMBER, DATE, TIME = "ZANZIBAR", "990817263", "19870615", "111213"
SECRET = re.compile(rb"(?i)zanzibar|990817263|19870615|1987-06-15|111213|11:12:13|1987|2\.25\.777")
TEXT = {"LO", "SH", "PN", "ST", "LT", "UT", "UC"}
KEPT = {
    # Tags that say what an image is; they get the name behind their own words below.
    "SeriesDescription",
    "ProtocolName",
    "Manufacturer",
    "SpecificCharacterSet",
    "SequenceName",
    "ContrastBolusAgent",
    "PatientID",
    "RescaleType",
}


def plant(dataset: Any, _: int) -> None:
    """The name in every single-valued text, the number in every short one, and dates and times."""
    for tag, (vr, vm, _, retired, keyword) in DicomDictionary.items():
        if tag >> 16 not in {0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040, 0x0088}:
            continue
        if not keyword or retired or keyword in KEPT or not vm.startswith("1"):
            continue
        if vr in TEXT:
            setattr(dataset, keyword, f"{NAME} {NUMBER}"[: 16 if vr == "SH" else 60])
        elif vr in {"DA", "TM", "DT"}:
            setattr(dataset, keyword, {"DA": DATE, "TM": TIME, "DT": DATE + TIME}[vr])
    dataset.SeriesDescription = f"{dataset.SeriesDescription} {NAME}"
    dataset.ProtocolName = NAME
    dataset.SequenceName = NAME
    dataset.PatientID = NUMBER
    dataset.PatientName = f"{NAME}^MARIA"
    dataset.StudyInstanceUID = "2.25.777"
    dataset.BodyPartExamined = NAME
    dataset.ImageType = [*dataset.ImageType, NAME]
    dataset.private_block(0x0009, NAME, create=True).add_new(0x01, "LO", NAME)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with_key(tmp_path)
    folder = tmp_path / f"{NAME}_MARIA" / DATE
    for number, tags in enumerate((T1, T1C, T2, RCBV, {**T2, "SeriesDescription": "AX T2 BLADE"}), start=1):
        write_series(folder / f"{NAME}{number}", tags, number=number, change=plant)
    unclear = {**T2, "SeriesDescription": "what", "EchoTime": 50}
    write_series(folder, unclear, number=6, change=plant)
    write_series(folder, T1, number=7, change=plant, skip=[3])
    (folder / f"{NAME}.txt").write_text(NAME)
    (folder / f"{NAME}.dcm").write_bytes(b"\0" * 128 + b"DICM" + NAME.encode() * 40)
    return tmp_path


def test_what_is_planted_is_there_at_all(root: Path) -> None:
    path = next(path for path in sorted(root.rglob("*.dcm")) if path.name.startswith("IM"))
    texts = [str(element.value) for element in pydicom.dcmread(path) if element.VR in TEXT]
    assert sum(NAME in text for text in texts) > 100


def test_nothing_written_or_printed_says_whose_it_is(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = scan_study(root, Layout.DICOM)
    write_manifest(root / "manifest.csv", found.examinations)
    printed = "\n".join(
        [*map(str, found.left_out), *found.warnings, found.recognised_because, *capfd.readouterr()]
    )
    assert "T2" in printed
    assert "T1, but 1 slice or so missing" in printed
    assert not SECRET.search(printed.encode())
    assert found.examinations[0].cbv is not None
    written = [root / "manifest.csv", *(root / "cbvsynth-nifti").rglob("*")]
    assert len(written) > 6
    for path in written:
        assert not SECRET.search(str(path.relative_to(root)).encode())
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            assert not SECRET.search(content), path.name


def test_a_prediction_leaves_nothing_either(
    root: Path, tmp_path_factory: pytest.TempPathFactory, capfd: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path_factory.mktemp("work")
    made = convert_folder(root / f"{NAME}_MARIA", work)
    text = f"{made.reasons}{made.left_out}{made.warnings}{capfd.readouterr()}"
    assert not SECRET.search(text.encode())
    for path in work.rglob("*"):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        assert not SECRET.search(content + path.name.encode())


@pytest.mark.parametrize("wrong", ["other patient", "no image"])
def test_refusals_are_silent_about_it(
    root: Path, tmp_path: Path, wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = root / f"{NAME}_MARIA"
    if wrong == "other patient":
        write_series(folder, T1, number=8, voxels=head())
    else:
        folder = root / f"{NAME}_MARIA" / DATE / f"{NAME}.txt"
    with pytest.raises(CbvsynthError) as caught:
        convert_folder(folder, tmp_path / "work")
    assert not SECRET.search(str(caught.value).encode())
    assert capfd.readouterr() == ("", "")
