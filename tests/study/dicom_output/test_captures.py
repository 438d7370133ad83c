"""Colour pictures with the note burnt in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.study.dicom_output.captures import captures, colours, draw, letters
from cbvsynth.study.dicom_output.source import read_source
from cbvsynth.study.dicom_output.uids import NewUids
from tests.study.dicom_output.maps import FACTS, ROOT, map_on, series_in
from tests.tools import require_tool


def test_colours_run_from_black_over_red_and_yellow_to_white_and_stay_there() -> None:
    found = colours(np.array([-1.0, 0.0, 1 / 3, 2 / 3, 1.0, 2.0], np.float32))
    red, yellow, white = (255, 0, 0), (255, 255, 0), (255, 255, 255)
    assert [tuple(one) for one in found] == [(0, 0, 0), (0, 0, 0), red, yellow, white, white]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 0.8, -0.6), "PF"), ((0.05, 0, 0.998), "H")],
)
def test_directions_are_called_as_radiologists_do(direction: tuple[float, ...], expected: str) -> None:
    assert letters(np.array(direction)) == expected


def test_a_slice_has_square_pixels_its_bar_and_its_notes() -> None:
    values = np.zeros((20, 16), np.float32)
    values[:10] = FACTS.cbv_max
    picture = draw(values, (1.5, 1.25), FACTS, "1 of 8")
    height, width = picture.shape[0] - 74, picture.shape[1] - 110
    assert (height, width) == (576, 384)
    assert (picture[: height // 2, :width] == 255).all()
    assert (picture[height // 2 : height, :width] == 0).all()
    note = picture[height:, :width].reshape(-1, 3)
    assert (note == (255, 210, 0)).all(axis=1).sum() > 200
    assert (picture[:height, width:] == 255).all(axis=2).any()


def test_they_are_pictures_in_the_patients_study(tmp_path: Path) -> None:
    series = series_in(tmp_path / "in")
    source, cbv = read_source(series), map_on(series, tmp_path)
    frames = source.frames(cbv)
    made = list(captures(frames, source, FACTS, NewUids(ROOT)))
    assert len(made) == 8
    one = made[3]
    one.save_as(tmp_path / "one.dcm", enforce_file_format=True)
    assert (one.Modality, one.PhotometricInterpretation, one.BurnedInAnnotation) == ("OT", "RGB", "NO")
    assert one.PatientID == source.first.PatientID
    assert "Synthetic" in one.SeriesDescription
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == source.headers[3].SOPInstanceUID
    assert list(one.PatientOrientation) == ["L", "P"]
    np.testing.assert_array_equal(one.pixel_array, draw(frames[3], (1.5, 1.25), FACTS, "4 of 8"))
    command = [require_tool("dciodvfy"), tmp_path / "one.dcm"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "SCImage" in found.stderr
    assert "Error" not in found.stderr, found.stderr
