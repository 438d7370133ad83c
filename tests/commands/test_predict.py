"""`cbvsynth predict`: one examination or a study, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import grpc
import nibabel as nib
import numpy as np
import pydicom
import pytest

from tests.client.heads import PATIENT_NAME, brain, image, write_head
from tests.client.predict_command import run, server
from tests.client.prediction_server import PredictionServer, describe, expected_cbv, serve
from tests.study.dicom.dicom_files import T1, T1C, write_series


def flags(files: dict[str, str]) -> list[str]:
    return [word for role, path in files.items() for word in (f"--{role}", path)]


def test_one_examination_gives_map_record_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, out = write_head(tmp_path, "t1 t1c"), tmp_path / "cbv.nii.gz"
    with serve(server()) as running:
        picture = tmp_path / "cbv.png"
        code = run(*flags(files), "--out", out, "--server", running.address, "--montage", picture)
    assert code == 0
    expected = expected_cbv({name: image(name) for name in ("t1", "t1c")}, 7)
    np.testing.assert_allclose(nib.load(out).get_fdata(), np.where(brain(), expected, 0), rtol=1e-6)
    assert json.loads((tmp_path / "cbv.json").read_text())["ModelVersion"] == 7
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr()
    assert "written   cbv.nii.gz, cbv.json, cbv.png" in shown.out
    assert "encdec-t1-t1c, version 7, is the best of all models" in shown.out
    assert "left out" not in shown.out  # what nobody gave and the model does not need is no news
    assert shown.err == ""


def test_a_file_that_is_not_there_asks_for_no_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said to correct the manifest, and there is none where images are given by their flags."""
    assert run("--t1c", tmp_path / "nope.nii.gz", "--out", tmp_path / "cbv.nii.gz") == 1
    said = capsys.readouterr().err
    assert "T1C: the file does not exist; correct its name, in the manifest where there is one, or" in said


def write_dicom(folder: Path, sequences: str) -> dict[str, Any]:
    """The head as series of DICOM files; the images to the right, front and top, as they were rounded."""
    made = {}
    for number, name in enumerate(sequences.split(), start=1):
        stored = np.rint(image(name)).astype(np.int16)
        made[name] = stored.astype(np.float32)
        tags = {"t1": T1, "t1c": T1C}[name]
        write_series(folder, tags, number=number, voxels=np.transpose(stored[::-1, ::-1, :], (2, 1, 0)))
    return made


def test_a_folder_of_dicom_gives_the_map_of_its_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    inputs, out = write_dicom(tmp_path / PATIENT_NAME, "t1 t1c"), tmp_path / "cbv.nii.gz"
    with serve(server()) as running:
        words = ("--dicom", tmp_path / PATIENT_NAME, "--out", out, "--server", running.address)
        assert run(*words) == 0
    found = nib.as_closest_canonical(nib.load(out)).get_fdata()
    np.testing.assert_allclose(found, np.where(brain(), expected_cbv(inputs, 7), 0), rtol=1e-6)
    shown = capsys.readouterr()
    assert "T1        series 1: its description and its timing" in shown.out
    assert "T1C       series 2: " in shown.out
    assert PATIENT_NAME not in shown.out + shown.err + out.with_name("cbv.json").read_text()
    assert list(work.iterdir()) == []


def test_a_folder_of_dicom_gives_dicom_on_the_slices_of_t1c(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """T1 has 18 rows, T1C 16: the map has those of T1C, though T1 comes first."""
    import highdicom

    stored = {name: np.rint(image(name)).astype(np.int16)[::-1, ::-1, :] for name in ("t1", "t1c")}
    for number, (name, tags) in enumerate({"t1": T1, "t1c": T1C}.items(), start=1):
        voxels = np.transpose(stored[name], (2, 1, 0))[:, : 18 if name == "t1" else 16]
        write_series(tmp_path / PATIENT_NAME, tags, number=number, voxels=voxels)
    words = (
        "--dicom",
        tmp_path / PATIENT_NAME,
        "--out_dicom",
        tmp_path / "out",
        "--uid_root",
        "1.2.840.99999",
    )
    other = ("--out", tmp_path / "cbv.nii.gz", "--resample", "on", "--register", "off", "--uncertainty", "on")
    with serve(server(interval_level=0.9)) as running:
        assert run(*words, *other, "--server", running.address) == 0
    shown = capsys.readouterr()
    assert "written   cbv.nii.gz, cbv.json, cbv_sd.nii.gz, 18 DICOM files in out" in shown.out
    assert PATIENT_NAME not in shown.out + shown.err
    assert "MUELLER" not in shown.out + shown.err + (tmp_path / "cbv.json").read_text()
    made = highdicom.imread(tmp_path / "out/parametric-map.dcm")
    assert (made.Rows, made.Columns, made.NumberOfFrames) == (16, 20, 8)
    assert (made.PatientID, made.StudyInstanceUID) == ("4711", "1.2.3.4")
    assert made.SOPInstanceUID.startswith("1.2.840.99999.")
    volume = made.get_volume(dtype=np.float32)
    to_ras = nib.affines.from_matvec(np.diag([-1.0, -1.0, 1.0]))
    found = nib.as_closest_canonical(nib.Nifti1Image(volume.array, to_ras @ volume.affine))
    expected = nib.as_closest_canonical(nib.load(tmp_path / "cbv.nii.gz"))
    np.testing.assert_allclose(found.affine, expected.affine, atol=1e-4)
    np.testing.assert_array_equal(found.get_fdata(), expected.get_fdata())
    sd = highdicom.imread(tmp_path / "out/parametric-map-sd.dcm").get_volume(dtype=np.float32)
    np.testing.assert_allclose(sd.array, 0.5 * volume.array, rtol=1e-6)


@pytest.mark.parametrize("more", [(), ("--unusable", "t1c")], ids=["constant", "ruled out"])
def test_a_t1c_that_cannot_serve_leaves_dicom_to_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    """DICOM was to lie on T1C, whatever it held: nothing was made, with exit code 2."""
    write_dicom(tmp_path / "in", "t1")
    flat = np.full((8, 18, 20), 3, np.int16)
    write_series(tmp_path / "in", T1C, number=2, voxels=flat)
    words = ("--dicom", tmp_path / "in", "--out_dicom", tmp_path / "out", *more)
    with serve(server()) as running:
        assert run(*words, "--server", running.address) == 0
    source = pydicom.dcmread(tmp_path / "out/series/0001.dcm").SourceImageSequence[0]
    references = [pydicom.dcmread(path) for path in (tmp_path / "in").glob("*")]
    (found,) = [one for one in references if one.SOPInstanceUID == source.ReferencedSOPInstanceUID]
    assert found.SeriesDescription == T1["SeriesDescription"]
    assert "left out  T1C: " in capsys.readouterr().out


def test_a_fall_back_is_said_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write_head(tmp_path, "t1 t1c")
    with serve(server()) as running:
        out = tmp_path / "cbv.nii"
        assert run(*flags(files), "--unusable", "t1c", "--out", out, "--server", running.address) == 0
    shown = capsys.readouterr().out
    assert "It stands in for encdec-t1-t1c, version 7" in shown
    assert "left out  T1C: ruled out by --unusable" in shown
    assert json.loads((tmp_path / "cbv.json").read_text())["Fallback"] is True


def test_warnings_go_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = PredictionServer({1: describe("encdec-t1", shape_range=((100.0, 200.0),) * 3)})
    with serve(odd) as running:
        out = tmp_path / "cbv.nii"
        assert run(*flags(write_head(tmp_path, "t1")), "--out", out, "--server", running.address) == 0
    assert "warning: 20 voxels along H, " in capsys.readouterr().err


def test_files_without_orientation_are_refused_until_it_is_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They were mirrored left to right in silence, and so was the map."""
    picture = nib.Nifti1Image(image("t1"), None)
    picture.header.set_zooms((2.0, 2.0, 4.0))
    picture.set_sform(None, 0)
    nib.save(picture, tmp_path / "t1.nii.gz")
    out = tmp_path / "cbv.nii"
    with serve(server()) as running:
        command = ("--t1", tmp_path / "t1.nii.gz", "--out", out, "--server", running.address)
        assert run(*command) != 0
        assert "--orientation of predict" in capsys.readouterr().err
        assert not out.exists()
        assert run(*command, "--orientation", "LAS") == 0
    said = "all axes were taken to run LAS"
    assert said in capsys.readouterr().err
    assert said in " ".join(json.loads(out.with_suffix(".json").read_text())["Warnings"])
    made = nib.load(out)
    assert nib.aff2axcodes(made.affine) == ("L", "A", "S")
    np.testing.assert_allclose(made.get_fdata() > 0, brain())


@pytest.mark.parametrize("taken", ["cbv.nii.gz", "cbv.json", "cbv.png", "cbv_sd.nii.gz", "cbv_mask.png"])
def test_files_that_are_there_stop_it_before_the_server_is_asked(
    tmp_path: Path, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """How sure another map was stayed beside the new one; the picture of the mask was written over."""
    files = write_head(tmp_path, "t1")
    (tmp_path / taken).write_text("mine")
    words = [*flags(files), "--out", tmp_path / "cbv.nii.gz", "--montage", tmp_path / "cbv.png"]
    with serve(server()) as running:
        assert run(*words, "--server", running.address) == 2
        assert not running.requests
        assert (tmp_path / taken).read_text() == "mine"
        assert f"{taken}' exists and is not written over" in capsys.readouterr().err
        assert run(*words, "--server", running.address, "--overwrite", "on") == 0
    if taken == "cbv_sd.nii.gz":
        assert not (tmp_path / taken).exists()
    elif taken != "cbv_mask.png":  # a stripped image needs none
        assert (tmp_path / taken).read_bytes() != b"mine"


def test_the_picture_of_a_mask_is_in_nobodys_way_where_none_is_drawn(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    (tmp_path / "cbv_mask.png").write_text("mine")
    words = [*flags(files), "--out", tmp_path / "cbv.nii.gz", "--brain_mask", "derived"]
    with serve(server()) as running:
        assert run(*words, "--server", running.address) == 0
    assert (tmp_path / "cbv_mask.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "There is no --out"),
        (["--out", "cbv.nii.gz"], "No image is given; expected at least one of --t1"),
        (["--t1", "t1.nii.gz", "--out", "cbv.txt"], "not a NIfTI name"),
        (["--data", "study"], "A study needs --data and --out_folder"),
        (["--out_folder", "maps"], "A study needs --data and --out_folder"),
        (["--data", "d", "--out_folder", "m", "--t1", "t1.nii.gz", "--out", "x.nii"], "takes no --t1, --out"),
        (["--data", "d", "--out_folder", "m", "--version", "3", "--label", "stable"], "both given"),
        (
            ["--data", "d", "--out_folder", "m", "--local", "--selection", "s.json"],
            "--selection is of a server",
        ),
        (["--data", "d", "--out_folder", "m", "--concurrency", "0"], "concurrency is 0"),
        (["--dicom", "d", "--t1", "t1.nii.gz", "--out", "o.nii"], "--dicom and --t1 are both given"),
        (["--data", "d", "--out_folder", "m", "--dicom", "d"], "takes no --dicom"),
        (["--data", "d", "--out_folder", "m", "--out_dicom", "d"], "takes no --out_dicom"),
        (["--t1", "t1.nii.gz", "--out_dicom", "o"], "--out_dicom needs --dicom"),
        (["--dicom", "d", "--out_dicom", "d/o"], "'d/o' lies in the folder of --dicom"),
        (["--dicom", "d", "--out_dicom", "o", "--uid_root", "1.x"], "The root of new UIDs is '1.x'"),
        (
            ["--dicom", "d", "--out_dicom", "o", "--out", "o/c.nii"],
            "--out 'c.nii' lies in the folder of --out_d",
        ),
        (
            ["--dicom", "d", "--out_dicom", "o", "--montage", "o/c.png"],
            "--montage 'c.png' lies in the folder",
        ),
        (["--t1", "a.nii", "--t1", "b.nii", "--out", "o.nii"], "--t1 is given 2 times"),
        (
            ["--t1", "a.nii", "--unusable", "t1", "--unusable", "adc"],
            "give them one after the other: --unusable A B",
        ),
    ],
)
def test_flags_that_do_not_go_together_are_named(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("refusal", "code", "message"),
    [
        ((grpc.StatusCode.INTERNAL, "out of memory"), 1, "out of memory (INTERNAL)"),
        ((grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(cbvsynth)"), 1, "Check --model"),
    ],
)
def test_a_refusal_is_one_clear_line(
    tmp_path: Path, refusal: Any, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_head(tmp_path, "t1")
    with serve(server(refusals=[refusal] * 4)) as running:
        assert run(*flags(files), "--out", tmp_path / "cbv.nii", "--server", running.address) == code
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert message in shown
    assert not (tmp_path / "cbv.nii").exists()


def test_a_patients_name_appears_nowhere(tmp_path: Path) -> None:
    """Planted in the folder, in the files' names and in their headers."""
    folder = tmp_path / PATIENT_NAME
    good = folder / f"{PATIENT_NAME}_t1.nii.gz"
    Path(write_head(folder, "t1")["t1"]).rename(good)
    bad = folder / f"{PATIENT_NAME}_adc.nii.gz"
    bad.write_bytes(b"no image")
    program = "import sys; from cbvsynth.cli import main\nsys.exit(main(['predict', *sys.argv[1:]]))"
    with serve(server()) as running:
        common = ["--t1", str(good), "--server", running.address]
        outputs = ["--out", str(tmp_path / "cbv.nii"), "--montage", str(tmp_path / "cbv.png")]
        attempts = [[*common, *outputs], [*common, *outputs, "--adc", str(bad), "--overwrite", "on"]]
        done = [
            subprocess.run([sys.executable, "-c", program, *words], capture_output=True, check=False)
            for words in attempts
        ]
    assert [one.returncode for one in done] == [0, 1]
    made = [tmp_path / name for name in ("cbv.nii", "cbv.json", "cbv.png")]
    everything = [*(path.read_bytes() for path in made), *(one.stdout + one.stderr for one in done)]
    assert all(PATIENT_NAME.encode() not in content for content in everything)


def test_a_missing_package_stops_it_before_a_server_is_asked(tmp_path: Path) -> None:
    """Without Matplotlib the map was written, the picture failed, and the retry was refused."""
    files, out = write_head(tmp_path, "t1"), tmp_path / "cbv.nii.gz"
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from cbvsynth.cli import main\nsys.exit(main(['predict', *sys.argv[1:]]))"
    )
    with serve(server()) as running:
        words = [*flags(files), "--out", str(out), "--server", running.address]
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(
            [*command, "--montage", str(tmp_path / "cbv.png")], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert "matplotlib" in done.stderr
        assert not running.requests
        assert not out.exists()
        assert subprocess.run(command, check=False).returncode == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "file/cbv.nii.gz"], "file' is a file"),
        (["--out", "cbv.nii.gz", "--montage", "file/cbv.png"], "file' is a file"),
        (["--out", "cbv.nii.gz", "--montage", "folder"], "'folder' is a folder"),
        (["--out", "cbv.nii.gz", "--montage", "cbv.json"], "which the map or its record will be"),
    ],
)
def test_a_place_that_cannot_be_written_to_stops_it_before_a_server_is_asked(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """The map was made, and then there was no place for the picture."""
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    with serve(server()) as running:
        assert run(*flags(write_head(tmp_path, "t1")), *words, "--server", running.address) != 0
        assert not running.requests
    assert message in capsys.readouterr().err
    assert not Path("cbv.nii.gz").exists()
