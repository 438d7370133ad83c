"""The folder of one map: whole or not there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from cbvsynth.errors import StorageError, UsageError, VolumeError
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import series_of
from cbvsynth.study.dicom_output.folder import write_dicom
from cbvsynth.study.dicom_output.uids import NewUids
from tests.study.dicom.dicom_files import T1C, write_series
from tests.study.dicom_output.maps import FACTS, map_on, series_in
from tests.tools import require_tool


def test_a_folder_holds_the_map_how_sure_it_is_its_slices_and_its_pictures(tmp_path: Path) -> None:
    series = series_in(tmp_path / "in")
    cbv = map_on(series, tmp_path)
    found = write_dicom(tmp_path / "a/out", cbv, series, FACTS, NewUids(), sd=cbv)
    assert [path.relative_to(tmp_path / "a/out").as_posix() for path in found] == [
        "parametric-map-sd.dcm",
        "parametric-map.dcm",
        *(f"pictures/{number:04d}.dcm" for number in range(1, 9)),
        *(f"series/{number:04d}.dcm" for number in range(1, 9)),
    ]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["out"]
    images, _ = read_folder(tmp_path / "a/out")
    assert len(images) == 18
    assert {one.identity.patient_id for one in images} == {"4711"}


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    series = series_in(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old.dcm").write_bytes(b"old")
    with pytest.raises(UsageError, match="out' exists and is not written over"):
        write_dicom(tmp_path / "out", map_on(series, tmp_path), series, FACTS, NewUids())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["old.dcm"]


def test_tags_that_cannot_be_written_again_are_named_without_their_text(tmp_path: Path) -> None:
    """Of a source whose header no library writes, nothing is half written, and nothing is quoted."""

    def spoil(dataset, index):
        del dataset.StudyInstanceUID

    write_series(tmp_path / "in", T1C, change=spoil)
    (series,) = series_of(read_folder(tmp_path / "in")[0])
    with pytest.raises(VolumeError, match="no DICOM of it was written") as caught:
        write_dicom(tmp_path / "out", map_on(series, tmp_path), series, FACTS, NewUids())
    assert "MUELLER" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("character_set", "name", "written"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう", ["", "ISO 2022 IR 87"]),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", ["ISO 2022 IR 13", "ISO 2022 IR 87"]),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", ["", "ISO 2022 IR 149"]),
        ("GB18030", "Wang^XiaoDong=王^小东", "GB18030"),
        ("ISO 2022 IR 100", "Müller^Jörg", "ISO 2022 IR 100"),
        ("ISO_IR 192", "Μητσοτάκης^Ζ", "ISO_IR 192"),
        ("ISO_IR 6", "Miller^J", None),
        ("", "Miller^J", None),
        (None, "Miller^J", None),
    ],
)
def test_names_in_any_script_come_through(
    tmp_path: Path, character_set: str | list[str] | None, name: str, written: str | list[str] | None
) -> None:
    """Of patients of Japan and Korea there was no DICOM: a library refused how their text is written."""

    def put(dataset, index):
        if character_set is not None:
            dataset.SpecificCharacterSet = character_set
        dataset.PatientName, dataset.StudyDescription = name, name[-3:]

    write_series(tmp_path / "in", T1C, change=put)
    (series,) = series_of(read_folder(tmp_path / "in")[0])
    cbv = map_on(series, tmp_path)
    for path in write_dicom(tmp_path / "out", cbv, series, FACTS, NewUids(), sd=cbv):
        made = dcmread(path)
        assert made.get("SpecificCharacterSet") == written
        assert made.PatientName == name
        assert made.get("StudyDescription", name[-3:]) == name[-3:]


def test_chinese_between_latin_letters_stays_as_it_was_written(tmp_path: Path) -> None:
    """There was no DICOM either. pydicom writes no such name by itself, but again what it has read."""
    china = b"\x1b$)A"
    texts = {
        "PatientName": b"Zhang^Xiao=" + china + "张^".encode("gb2312") + china + "小".encode("gb2312"),
        "StudyDescription": china + "脑".encode("gb2312"),
    }

    def put(dataset, index):
        dataset.SpecificCharacterSet = ["", "ISO 2022 IR 58"]
        for (keyword, text), kind in zip(texts.items(), ("PN", "LO"), strict=True):
            dataset[keyword] = RawDataElement(Tag(keyword), kind, len(text), text, 0, False, True)

    write_series(tmp_path / "in", T1C, change=put)
    (series,) = series_of(read_folder(tmp_path / "in")[0])
    for path in write_dicom(tmp_path / "out", map_on(series, tmp_path), series, FACTS, NewUids()):
        made = dcmread(path)
        assert made.SpecificCharacterSet == ["", "ISO 2022 IR 58"]
        assert made.get_item("PatientName").value == texts["PatientName"]
        assert (
            "StudyDescription" not in made
            or made.get_item("StudyDescription").value.strip() == texts["StudyDescription"]
        )


@pytest.mark.parametrize(
    ("stated", "written", "day", "time"),
    [
        ("+0900", "+0900", "20260102", "120405"),
        ("-0430", "-0430", "20260101", "223405"),
        ("somewhere", None, "20260102", "030405"),
        (None, None, "20260102", "030405"),
    ],
)
def test_times_are_by_the_clock_of_the_source(
    tmp_path: Path, stated: str | None, written: str | None, day: str, time: str
) -> None:
    """This machine's time stood beside the scanner's offset; the map itself had no offset at all."""

    def put(dataset, index):
        if stated is not None:
            dataset.TimezoneOffsetFromUTC = stated

    write_series(tmp_path / "in", T1C, change=put)
    (series,) = series_of(read_folder(tmp_path / "in")[0])
    cbv = map_on(series, tmp_path)
    for path in write_dicom(tmp_path / "out", cbv, series, FACTS, NewUids(), sd=cbv):
        made = dcmread(path)
        assert made.get("TimezoneOffsetFromUTC") == written
        for what in ("Series", "Content", "InstanceCreation"):
            assert (made[f"{what}Date"].value, made[f"{what}Time"].value) == (day, time)
    found = subprocess.run(
        [require_tool("dciodvfy"), tmp_path / "out/parametric-map.dcm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Error" not in found.stderr, found.stderr


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    series = series_in(tmp_path / "in")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="file/out' cannot be written"):
        write_dicom(tmp_path / "file/out", map_on(series, tmp_path), series, FACTS, NewUids())
