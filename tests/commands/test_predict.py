"""`cbvsynth predict`: one examination or a study, from the command line."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import nibabel as nib
import numpy as np
import pytest

from cbvsynth.commands.predict import predict
from cbvsynth.domain.sequences import Combination
from cbvsynth.entrypoint import run_function
from cbvsynth.records.selection import pattern_label
from tests.client.heads import AFFINES, PATIENT_NAME, brain, image, write, write_head
from tests.client.prediction_server import PredictionServer, describe, expected_cbv, serve

ALL = Combination.parse("t1-t2-t1c-flair-adc")


def server(**changes: Any) -> PredictionServer:
    versions = {7: describe("encdec-t1-t1c"), 3: describe("fcgan-t1")}
    patterns = {ALL.slug: 7, "t1-t1c": 7, "t1": 3, "t1-t2": 3}
    labels = {pattern_label(Combination.parse(slug)): number for slug, number in patterns.items()}
    return PredictionServer(versions, {"stable": 7, **labels}, **changes)


def run(*arguments: object) -> int:
    return run_function(predict, [str(one) for one in arguments], "cbvsynth predict")


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
    assert "warning: 20 voxels along H, outside the training range 100-200" in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["cbv.nii.gz", "cbv.json", "cbv.png"])
def test_files_that_are_there_stop_it_before_the_server_is_asked(
    tmp_path: Path, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_head(tmp_path, "t1")
    (tmp_path / taken).write_text("mine")
    words = [*flags(files), "--out", tmp_path / "cbv.nii.gz", "--montage", tmp_path / "cbv.png"]
    with serve(server()) as running:
        assert run(*words, "--server", running.address) == 2
        assert not running.requests
        assert (tmp_path / taken).read_text() == "mine"
        assert f"'{taken}' exists and is not written over" in capsys.readouterr().err
        assert run(*words, "--server", running.address, "--overwrite", "on") == 0
    assert (tmp_path / taken).read_bytes() != b"mine"


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


def study(folder: Path, examinations: int = 3) -> Path:
    """Examinations with T1 and T1C; the last one has T1 alone. BraTS names."""
    for number in range(examinations):
        name = f"BraTS-GLI-0000{number}-000"
        for role, ending in (("t1", "t1n"), ("t1c", "t1c")):
            if number < examinations - 1 or role == "t1":
                write(
                    folder / name / f"{name}-{ending}.nii.gz", image(role) + number * brain(), AFFINES["RAS"]
                )
    return folder


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as source:
        return list(csv.DictReader(source))


def many(data: Path, out: Path, running: PredictionServer, *more: object) -> int:
    return run("--data", data, "--out_folder", out, "--server", running.address, *more)


def test_a_study_gets_a_map_each_and_a_table_of_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    with serve(server()) as running:
        assert many(data, out, running) == 0
    assert "3 maps made, 1 of them by a model that stands in" in capsys.readouterr().out
    rows = table(out)
    assert [row["version"] for row in rows] == ["7", "7", "3"]
    assert [row["fallback"] for row in rows] == ["no", "no", "yes"]
    for number, row in enumerate(rows):
        stored = {"t1": image("t1") + number * brain()}
        if number < 2:
            stored["t1c"] = image("t1c") + number * brain()
        expected = np.where(brain(), expected_cbv(stored, int(row["version"])), 0)
        found = nib.load(out / f"{row['exam_id']}_cbv.nii.gz").get_fdata()
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_study_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    with serve(server()) as running:
        assert many(data, out, running) == 0
        first = table(out)
        gone = out / f"{first[0]['exam_id']}_cbv.nii.gz"
        gone.unlink()
        asked = len(running.predictions())
        assert many(data, out, running, "--concurrency", "1") == 0
        assert len(running.predictions()) == asked + 1
        assert "1 map made, 0 of them" in capsys.readouterr().out
        again = table(out)
        assert [row["status"] for row in again] == ["made", "there already", "there already"]
        assert [row["reason"] for row in again] == [row["reason"] for row in first]
        assert many(data, out, running, "--overwrite", "on") == 0
        assert len(running.predictions()) == asked + 4


def test_an_examination_that_fails_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    moved = AFFINES["RAS"] + np.diag([0, 0, 0, 0])
    moved[0, 3] += 1
    name = "BraTS-GLI-00001-000"
    write(data / name / f"{name}-t1c.nii.gz", image("t1c"), moved)
    with serve(server()) as running:
        assert many(data, out, running) == 1
        shown = capsys.readouterr().err
        assert "1 of 3 examinations got no map" in shown
        assert "T1C lies up to 1 mm off" in shown
        assert [row["status"] for row in table(out)] == ["made", "failed", "made"]
        assert many(data, out, running, "--resample", "on") == 0


def test_a_damaged_record_of_a_former_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    with serve(server()) as running:
        assert many(data, out, running) == 0
        next(iter(sorted(out.glob("*.json")))).write_text("{")
        assert many(data, out, running) == 1
    assert "is damaged; delete it" in capsys.readouterr().err


def test_a_study_stops_when_the_server_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data", 8), tmp_path / "maps"
    with serve(server(delay_s=5)) as running:
        assert many(data, out, running, "--timeout_s", "0.2", "--concurrency", "1") == 1
        assert "did not answer within 0.2 s" in capsys.readouterr().err
        assert len(running.requests) < 4
    assert table(out) == []


def test_a_manifest_of_ones_own_may_be_given(tmp_path: Path) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    name = "BraTS-GLI-00000-000"
    (tmp_path / "mine.csv").write_text(
        f"exam_id,subject_id,target_unit,t1\nfirst,one,mL/100g,{name}/{name}-t1n.nii.gz\n"
    )
    with serve(server()) as running:
        assert many(data, out, running, "--manifest", tmp_path / "mine.csv") == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "first_cbv.json",
        "first_cbv.nii.gz",
        "predictions.csv",
    ]


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
        (["--out", "file/cbv.nii.gz"], "'file' is a file"),
        (["--out", "cbv.nii.gz", "--montage", "file/cbv.png"], "'file' is a file"),
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


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_map_that_this_command_did_not_make_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A map without a record beside it was taken for a run that was stopped, and overwritten."""
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    out.mkdir()
    (out / "BraTS-GLI-00001-000_cbv.nii.gz").write_text("a radiologist's own")
    before = contents(out)
    with serve(server()) as running:
        assert many(data, out, running) == 2
        assert contents(out) == before
        assert not running.predictions()
        shown = capsys.readouterr().err
        assert "There is a map in 'maps' without a record beside it" in shown
        assert "BraTS-GLI-00001-000_cbv.nii.gz. Nothing was made." in shown
        assert many(data, out, running, "--overwrite", "on") == 0
    assert len(table(out)) == 3


def test_a_record_of_somebody_else_is_not_written_over_either(tmp_path: Path) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    out.mkdir()
    (out / "BraTS-GLI-00001-000_cbv.json").write_text('{"mine": 1}')
    with serve(server()) as running:
        assert many(data, out, running) == 1
    assert (out / "BraTS-GLI-00001-000_cbv.json").read_text() == '{"mine": 1}'
    assert not (out / "BraTS-GLI-00001-000_cbv.nii.gz").exists()
    assert [row["status"] for row in table(out)] == ["made", "failed", "made"]


@pytest.mark.parametrize("asked", [("--version", "3"), ("--label", "canary")])
def test_maps_by_another_version_are_not_passed_off_as_those_of_the_one_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, str]
) -> None:
    """`--version 3` over the maps of version 7 said that they were there already."""
    data, out = study(tmp_path / "data", 2), tmp_path / "maps"
    with serve(server()) as running:
        running.labels["canary"] = 3
        assert many(data, out, running, "--manifest", manifest_of(tmp_path)) == 0
        before = contents(out)
        assert many(data, out, running, "--manifest", manifest_of(tmp_path), *asked) == 2
        shown = capsys.readouterr().err
        assert "There is a map in 'maps' by another version than version 3" in shown
        assert "first_cbv.nii.gz by version 7" in shown
        assert contents(out) == before
        more = ("--manifest", manifest_of(tmp_path), *asked, "--overwrite", "on")
        assert many(data, out, running, *more) == 0
        assert [row["version"] for row in table(out)] == ["3"]
        assert many(data, out, running, "--manifest", manifest_of(tmp_path), *asked) == 0
        assert "1 was there already" in capsys.readouterr().out


def manifest_of(folder: Path) -> Path:
    """One examination with T1 and T1C."""
    name = "BraTS-GLI-00000-000"
    path = folder / "mine.csv"
    path.write_text(
        "exam_id,subject_id,target_unit,t1,t1c\n"
        f"first,one,mL/100g,{name}/{name}-t1n.nii.gz,{name}/{name}-t1c.nii.gz\n"
    )
    return path


def test_a_folder_for_maps_that_cannot_be_made_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of the folder's name ended in a traceback."""
    (tmp_path / "maps").touch()
    with serve(server()) as running:
        assert many(study(tmp_path / "data"), tmp_path / "maps", running) == 1
        assert not running.requests
    assert "'maps' is a file" in capsys.readouterr().err
