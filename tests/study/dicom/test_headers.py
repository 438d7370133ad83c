"""DICOM files are found by their content; what is damaged or none is counted, and nothing is quoted."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from cbvsynth.errors import ManifestError
from cbvsynth.study.dicom.choice import choose_series
from cbvsynth.study.dicom.headers import CONVERTED_FOLDER, read_folder
from cbvsynth.study.dicom.series import series_of
from tests.study.dicom.dicom_files import FLAIR, SLICES, T1, T1C, base, of, save, write_enhanced, write_series


@pytest.mark.parametrize("ending", ["", ".dcm", ".IMA", ".000001"])
def test_files_are_recognised_whatever_their_ending(tmp_path: Path, ending: str) -> None:
    write_series(tmp_path, T1, ending=ending)
    files, left = read_folder(tmp_path)
    assert len(files) == SLICES
    assert left.counts == {}


def test_a_file_of_an_old_scanner_without_preamble_is_read(tmp_path: Path) -> None:
    for path in write_series(tmp_path, T1):
        content = path.read_bytes()
        path.write_bytes(content[132:])
    assert len(read_folder(tmp_path)[0]) == SLICES


def test_the_same_image_twice_counts_once(tmp_path: Path) -> None:
    for path in write_series(tmp_path / "a", T1):
        (tmp_path / f"copy of {path.name}").write_bytes(path.read_bytes())
    assert len(read_folder(tmp_path)[0]) == SLICES


def test_what_is_no_image_is_counted_by_what_it_is(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "a", T1)
    (tmp_path / "MUELLER.txt").write_text("notes")
    (tmp_path / "empty.dcm").write_bytes(b"")
    damaged = paths[0].read_bytes()
    (tmp_path / "cut.dcm").write_bytes(damaged[:200])
    report = base({}, number=9, time="100000", patient="1", study="1")
    report.SOPInstanceUID = generate_uid()
    save(report, tmp_path / "report.dcm")
    directory = base({}, number=9, time="100000", patient="1", study="1")
    directory.SOPClassUID = directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.SOPInstanceUID = generate_uid()
    save(directory, tmp_path / "DICOMDIR")
    files, left = read_folder(tmp_path)
    assert len(files) == SLICES
    assert left.counts == {
        "no DICOM": 2,
        "damaged or incomplete DICOM; export again": 1,
        "DICOM without an image (reports, presentation states, spectra)": 1,
        "DICOMDIR, which is not needed: the files themselves are read": 1,
    }


def test_hidden_folders_converted_images_and_links_out_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    outside = write_series(tmp_path / "outside", T1)
    write_series(root / ".trash", T1)
    write_series(root / CONVERTED_FOLDER, T1)
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "link.dcm").symlink_to(outside[0])
    files, left = read_folder(root)
    assert files == []
    assert left.counts == {
        "a link out of the folder; copy the file into it": 1,
        "a link to a folder, which is not followed; copy the folder": 1,
    }, "a linked folder was passed over without a word"


def test_a_missing_folder_is_refused_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such folder") as caught:
        read_folder(tmp_path / "MUELLER")
    assert "MUELLER" not in str(caught.value)


def test_classic_tags_are_read(tmp_path: Path) -> None:
    write_series(
        tmp_path, {**T1C, "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM"]}, number=5, time="101530.5"
    )
    one = read_folder(tmp_path)[0][0]
    assert one.series_number == 5
    assert (one.tags.tr_ms, one.tags.te_ms, one.tags.flip_degrees, one.tags.field_t) == (500, 9, 90, 3)
    assert (one.tags.description, one.tags.agent, one.tags.vendor) == ("ax t1 se +c", "gadovist", "siemens")
    assert one.tags.image_type == ("ORIGINAL", "PRIMARY", "M", "NORM")
    assert one.seconds % 86400 == 10 * 3600 + 15 * 60 + 30.5
    assert (one.rows, one.columns, one.spacing_mm) == (20, 16, (1.5, 1.25))
    assert len(one.frames) == 1


def test_functional_groups_of_an_enhanced_file_are_read(tmp_path: Path) -> None:
    write_enhanced(tmp_path / "a.dcm", FLAIR)
    (one,) = read_folder(tmp_path)[0]
    assert (one.tags.tr_ms, one.tags.te_ms, one.tags.ti_ms) == (9000, 120, 2500)
    assert "SE" in one.tags.scanning
    assert len(one.frames) == SLICES
    assert one.frames[2].position_mm == (-10.0, -15.0, -4.0)
    assert one.spacing_mm == (1.5, 1.25)


@pytest.mark.parametrize(
    ("group", "creator", "element", "value", "expected"),
    [
        (0x0019, "SIEMENS MR HEADER", 0x0C, "1000", 1000.0),
        (0x0043, "GEMS_PARM_01", 0x39, "1000001000", 1000.0),
        (0x2001, "Philips Imaging DD 001", 0x03, "800", 800.0),
        (0x0019, "SIEMENS MR HEADER", 0x0C, "none", math.nan),
    ],
)
def test_b_values_of_vendors_are_read(  # noqa: PLR0917
    tmp_path: Path, group: int, creator: str, element: int, value: str, expected: float
) -> None:
    def private(dataset: Any, _: int) -> None:
        dataset.private_block(group, creator, create=True).add_new(element, "LO", value)

    write_series(tmp_path, T1, change=private)
    assert read_folder(tmp_path)[0][0].frames[0].b_value == pytest.approx(expected, nan_ok=True)


def test_the_units_of_a_real_world_mapping_and_of_the_rescale_are_read(tmp_path: Path) -> None:
    def units(dataset: Any, _: int) -> None:
        code = of(CodeValue="um2/s", CodingSchemeDesignator="UCUM", CodeMeaning="um2/s")
        dataset.RealWorldValueMappingSequence = [of(MeasurementUnitsCodeSequence=[code])]
        dataset.RescaleType = "10^-6 mm2/s"

    write_series(tmp_path, T1, change=units)
    assert read_folder(tmp_path)[0][0].tags.units == ("um2/s", "um2/s", "10^-6 mm2/s")


def test_tags_that_are_no_numbers_are_taken_as_missing(tmp_path: Path) -> None:
    def wrong(dataset: Any, _: int) -> None:
        dataset.AcquisitionTime = "99"
        dataset.SeriesTime = ""
        dataset.StudyTime = ""
        del dataset.EchoTime

    write_series(tmp_path, T1, change=wrong)
    one = read_folder(tmp_path)[0][0]
    assert math.isnan(one.tags.te_ms)
    assert math.isnan(one.seconds)


def test_any_change_of_bytes_gives_an_image_or_is_counted(tmp_path: Path) -> None:
    """Some lengths made the reader raise an error of its own."""
    (source, *_) = write_series(tmp_path / "in", T1C)
    enhanced = write_enhanced(tmp_path / "in" / "e.dcm", FLAIR)
    rng = random.Random(7)
    folder = tmp_path / "changed"
    folder.mkdir()
    for _ in range(400):
        content = bytearray(rng.choice([source, enhanced]).read_bytes())
        for _ in range(rng.choice([1, 3, 10])):
            content[rng.randrange(128, min(5000, len(content)))] = rng.randrange(256)
        cut = rng.randrange(132, len(content)) if rng.random() < 0.3 else len(content)
        (folder / "a.dcm").write_bytes(content[:cut])
        files, left = read_folder(folder)
        assert len(files) + sum(left.counts.values()) == 1
        choose_series(series_of(files))
