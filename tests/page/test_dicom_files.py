"""DICOM given to the page: recognised, mapped, and the map taken away as DICOM, over HTTP."""

from __future__ import annotations

import gzip
import io
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from cbvsynth.page.dicom_files import NO_DICOM
from tests.client.heads import image
from tests.node.parts import write_study
from tests.page.running import Running, Visitor
from tests.study.dicom.dicom_files import ADC, FLAIR, T1, T1C, T2, write_enhanced, write_series
from tests.tools import require_tool

SEQUENCES = {"t1": T1, "t2": T2, "flair": FLAIR, "adc": ADC, "t1c": T1C}


def files_below(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def examination(folder: Path, wanted: tuple[str, ...] = tuple(SEQUENCES), **put: str) -> dict[str, Path]:
    """Skull-stripped sequences of one patient, a series each; T2 as one enhanced file."""
    for number, name in enumerate(wanted, start=1):
        voxels = np.transpose(np.rint(image(name)).astype(np.int16)[::-1, ::-1, :], (2, 1, 0))
        place, time = folder / f"MUELLER_HANNELORE/{number}", f"1001{number:02d}"
        if name == "t2":
            write_enhanced(place / "one", T2, number=number, voxels=voxels, time=time, **put)
        else:
            write_series(place, SEQUENCES[name], number=number, time=time, voxels=voxels, ending="", **put)
    return files_below(folder)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return examination(tmp_path_factory.mktemp("dicom"))


@pytest.fixture(scope="module")
def done(page: Running, given: dict[str, Path]) -> tuple[Visitor, dict]:
    visitor = page.visitor()
    return visitor, visitor.map(given)


def archive(visitor: Visitor, study: dict) -> zipfile.ZipFile:
    status, body, headers = visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv-dicom.zip")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="synthetic-cbv-dicom.zip"'
    return zipfile.ZipFile(io.BytesIO(body))


def test_a_folder_of_dicom_becomes_a_map_on_the_slices_of_t1c(done: tuple[Visitor, dict]) -> None:
    visitor, study = done
    assert (study["state"], study["error"]) == ("done", "")
    assert {row["role"] for row in study["rows"]} == set(SEQUENCES)
    assert study["result"]["dicom"]["text"].endswith("on the slices of T1C")
    assert "MUELLER" not in str(study)
    with archive(visitor, study) as found:
        names = found.namelist()
        assert [name for name in names if "MUELLER" in name or ".." in name or name.startswith("/")] == []
        assert len(names) == 1 + 8 + 8
        made = highdicom.pm.ParametricMap.from_dataset(
            dcmread(io.BytesIO(found.read("cbv/parametric-map.dcm")))
        )
    assert (made.PatientID, made.StudyInstanceUID) == ("4711", "1.2.3.4")
    nifti = visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv.nii.gz")[1]
    expected = nib.as_closest_canonical(nib.Nifti1Image.from_bytes(gzip.decompress(nifti)))
    volume = made.get_volume(dtype=np.float32)
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    shown = nib.as_closest_canonical(nib.Nifti1Image(volume.array, to_ras @ volume.affine))
    np.testing.assert_allclose(shown.affine, expected.affine, atol=1e-4)
    np.testing.assert_array_equal(shown.get_fdata(), expected.get_fdata())


def test_nothing_of_the_work_is_left_beside_the_archive(page: Running, done: tuple[Visitor, dict]) -> None:
    folder = page.page.store.folder(done[1]["id"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "converted",
        "files",
        "results",
        "study.json",
        "view",
    ]


def test_without_t1c_the_map_lies_on_the_first_image(visitor: Visitor, tmp_path: Path) -> None:
    study = visitor.map(examination(tmp_path, ("t1",)))
    assert study["state"] == "done", study["error"]
    assert study["result"]["dicom"]["text"].endswith("on the slices of T1")
    with archive(visitor, study) as found:
        assert len(found.namelist()) == 17


def test_a_t1c_that_cannot_serve_leaves_the_map_to_the_others(visitor: Visitor, tmp_path: Path) -> None:
    """The map was to lie on T1C, whatever it held: the examination failed."""
    examination(tmp_path, ("t1",))
    flat = np.full((8, 18, 20), 3, np.int16)
    write_series(tmp_path / "c", T1C, number=2, time="101500", voxels=flat)
    study = visitor.map(files_below(tmp_path))
    assert study["state"] == "done", study["error"]
    assert study["result"]["dicom"]["text"].endswith("on the slices of T1")


def test_of_nifti_there_is_no_dicom_and_the_page_says_why(visitor: Visitor, head: dict[str, Path]) -> None:
    study = visitor.map({"t1.nii.gz": head["t1.nii.gz"]})
    assert study["result"]["dicom"] == {"file": "", "text": NO_DICOM}
    assert visitor.ask("GET", f"/api/studies/{study['id']}/results/cbv-dicom.zip")[0] == 404


def test_tags_that_cannot_be_written_again_cost_the_dicom_and_not_the_map(
    visitor: Visitor, tmp_path: Path
) -> None:
    def spoil(dataset, _):
        del dataset.SOPClassUID

    voxels = np.transpose(np.rint(image("t1")).astype(np.int16), (2, 1, 0))
    write_series(tmp_path, T1, voxels=voxels, change=spoil)
    study = visitor.map(files_below(tmp_path))
    assert study["state"] == "done", study["error"]
    assert study["result"]["dicom"]["file"] == ""
    assert "no DICOM of it was written" in study["result"]["dicom"]["text"]


def test_a_start_waits_until_the_images_are_sorted(
    page: Running, visitor: Visitor, given: dict[str, Path]
) -> None:
    """From two tabs the start was answered and forgotten, or the map made of what was sorted so far."""
    study = visitor.give(given)
    other, folder = Visitor(page.port, visitor.cookie), page.page.store.folder(study)
    before = set(folder.rglob("*"))
    with ThreadPoolExecutor(1) as pool:
        sorted_again = pool.submit(visitor.act, study, "recognise", {"roles": {}})
        while set(folder.rglob("*")) == before and not sorted_again.done():
            time.sleep(0.01)
        assert other.act(study, "start") == (204, "")
        assert sorted_again.result() == (204, "")
    found = visitor.wait(study)
    assert (found["state"], found["error"]) == ("done", "")
    assert found["result"]["record"]["InputsLeftOut"] == {}


@pytest.mark.parametrize("after_s", [0.06, 0.1, 0.14, 0.18, 0.22])
def test_one_that_is_deleted_while_it_is_sorted_leaves_nothing(
    page: Running, visitor: Visitor, tmp_path: Path, after_s: float
) -> None:
    """Images that were converted after it was deleted stayed on the disk."""
    study = visitor.begin()
    for path in write_study(tmp_path):
        assert visitor.send(study, path.name, path.read_bytes()) == (204, "")
    other = Visitor(page.port, visitor.cookie)
    with ThreadPoolExecutor(1) as pool:
        sorting = pool.submit(visitor.act, study, "recognise")
        time.sleep(after_s)
        assert other.ask("DELETE", f"/api/studies/{study}")[0] == 204
        sorting.result()
    assert not page.page.store.folder(study).exists()


def test_a_sorting_that_fails_leaves_the_one_before(page: Running, visitor: Visitor, tmp_path: Path) -> None:
    """Its images were removed, the page showed them, and a start said that there was none."""
    study = visitor.give(examination(tmp_path, ("t1",)))
    status, error = visitor.act(study, "recognise", {"roles": {"1": ""}})
    assert (status, "No series of the folder can be used" in error) == (400, True)
    assert visitor.act(study, "start") == (204, "")
    assert visitor.wait(study)["state"] == "done"


def test_mixed_patients_are_refused(visitor: Visitor, tmp_path: Path) -> None:
    examination(tmp_path, ("t1",))
    examination(tmp_path / "other", ("t1",), patient="0815")
    study = visitor.begin()
    for name, path in files_below(tmp_path).items():
        assert visitor.send(study, name, path.read_bytes()) == (204, "")
    status, error = visitor.act(study, "recognise")
    assert status == 400
    assert "images of 2 patients" in error


def test_dcmdump_reads_what_is_taken_away(done: tuple[Visitor, dict], tmp_path: Path) -> None:
    with archive(*done) as found:
        found.extractall(tmp_path)
    for path in ("cbv/parametric-map.dcm", "cbv/series/0001.dcm", "cbv/pictures/0001.dcm"):
        subprocess.run([require_tool("dcmdump"), "--quiet", tmp_path / path], capture_output=True, check=True)
