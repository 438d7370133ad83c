"""A study: a map for each examination, several at a time, going on where a former run stopped."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.client.heads import AFFINES, brain, image, write
from tests.client.predict_command import run, server
from tests.client.prediction_server import PredictionServer, expected_cbv, serve


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


def test_how_sure_each_map_is_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    """It was refused for a study. Maps that were made without it are made again."""
    data, out = study(tmp_path / "data", 2), tmp_path / "maps"
    with serve(server(interval_level=0.9)) as running:
        assert many(data, out, running) == 0
        assert not list(out.glob("*_sd.nii.gz"))
        assert many(data, out, running, "--uncertainty", "on") == 0
        assert many(data, out, running, "--uncertainty", "on") == 0
        assert len(running.predictions()) == 4
    for path in out.glob("*_cbv.nii.gz"):
        sd = nib.load(out / path.name.replace("_cbv", "_cbv_sd")).get_fdata()
        np.testing.assert_allclose(sd, 0.5 * nib.load(path).get_fdata(), rtol=1e-5)


@pytest.mark.parametrize("uncertainty", ["auto", "off"])
def test_a_map_whose_run_was_killed_before_its_standard_deviation_is_made_again(
    tmp_path: Path, uncertainty: str
) -> None:
    """With auto it counted as done, and how sure it is was never written."""
    data, out = study(tmp_path / "data", 2), tmp_path / "maps"
    with serve(server(interval_level=0.9)) as running:
        assert many(data, out, running, "--uncertainty", "auto") == 0
        killed, other = sorted(out.glob("*_cbv_sd.nii.gz"))
        killed.unlink()
        assert many(data, out, running, "--uncertainty", uncertainty) == 0
        assert [row["status"] for row in table(out)] == ["made", "there already"]
        assert many(data, out, running, "--uncertainty", uncertainty) == 0
        assert [row["status"] for row in table(out)] == ["there already"] * 2
    assert killed.exists() is (uncertainty == "auto")
    assert other.exists()


def test_how_sure_a_map_was_that_was_taken_away_does_not_stay_beside_another(tmp_path: Path) -> None:
    """Beside the map of a model that says nothing of it lay the one of a model that did."""
    data, out = study(tmp_path / "data", 2), tmp_path / "maps"
    with serve(server(interval_level=0.9)) as running:
        assert many(data, out, running, "--uncertainty", "on") == 0
        for path in out.glob("*_cbv.nii.gz"):
            path.unlink()
        assert many(data, out, running, "--unusable", "t1c") == 0
    assert not list(out.glob("*_sd.nii.gz"))
    assert {row["model"] for row in table(out)} == {"fcgan-t1"}


def test_an_examination_that_fails_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    moved = AFFINES["RAS"] + np.diag([0, 0, 0, 0])
    moved[0, 3] += 1
    name = "BraTS-GLI-00001-000"
    write(data / name / f"{name}-t1c.nii.gz", image("t1c"), moved)
    with serve(server()) as running:
        assert many(data, out, running, "--register", "off") == 1
        shown = capsys.readouterr().err
        assert "1 of 3 examinations got no map" in shown
        assert "T1C lies up to 1 mm off" in shown
        assert [row["status"] for row in table(out)] == ["made", "failed", "made"]
        assert many(data, out, running, "--resample", "on", "--register", "off") == 0


def test_a_damaged_record_of_a_former_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To delete it alone, as was advised, left a map without a record, and ended the whole study."""
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    with serve(server(interval_level=0.9)) as running:
        assert many(data, out, running, "--uncertainty", "on") == 0
        record = min(out.glob("*.json"))
        record.write_text("{")
        assert many(data, out, running) == 1
        advised = capsys.readouterr().err.partition(f"{record.name} is damaged; delete ")[2]
        files = advised.partition(", and the map is made again")[0].split(" and ")
        assert len(files) == 3
        for name in files:
            (out / name).unlink()
        assert many(data, out, running) == 0


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
        assert "maps' without a record beside it" in shown
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


def test_a_standard_deviation_of_somebody_else_is_not_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = study(tmp_path / "data"), tmp_path / "maps"
    out.mkdir()
    (out / "BraTS-GLI-00001-000_cbv_sd.nii.gz").write_text("mine")
    with serve(server()) as running:
        assert many(data, out, running) == 2
    assert "BraTS-GLI-00001-000_cbv_sd.nii.gz. Nothing was made." in capsys.readouterr().err
    assert contents(out) == {"BraTS-GLI-00001-000_cbv_sd.nii.gz": b"mine"}


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
        assert "maps' by a version other than 3" in shown
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
    assert "maps' is a file" in capsys.readouterr().err


def test_the_orientation_of_a_study_is_stated_once_or_in_its_manifest(tmp_path: Path) -> None:
    data, out = study(tmp_path / "data", 2), tmp_path / "maps"
    for path in data.rglob("*t1n.nii.gz"):
        picture = nib.load(path)
        picture.set_sform(None, 0)
        picture.set_qform(None, 0)
        nib.save(picture, path)
    with serve(server()) as running:
        assert many(data, out, running) != 0
        assert "column orientation of the manifest" in table(out)[0]["reason"]
        assert many(data, out, running, "--orientation", "ras") == 0
        assert "taken to run RAS" in table(out)[0]["warnings"]
        assert many(data, tmp_path / "others", running, "--orientation", "up") != 0
    expected = np.where(brain(), expected_cbv({"t1": image("t1"), "t1c": image("t1c")}, 7), 0)
    found = nib.load(out / f"{table(out)[0]['exam_id']}_cbv.nii.gz")
    np.testing.assert_allclose(found.get_fdata(), expected, rtol=1e-5)
