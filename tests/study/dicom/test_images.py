"""Chosen series become files once; a second run makes nothing again, and a killed one is taken up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cbvsynth.study.dicom.choice import Chosen, choose_series
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.images import make_images
from cbvsynth.study.dicom.series import series_of
from cbvsynth.study.nifti import read_volume
from tests.study.dicom.dicom_files import ADC, RCBV, T1, T2, head, write_series

KEY = b"k" * 32


def chosen(folder: Path) -> dict[str, Chosen]:
    return choose_series(series_of(read_folder(folder)[0])).chosen


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_series(tmp_path / "in" / "1", T1)
    write_series(tmp_path / "in" / "2", T2, number=2)
    return tmp_path / "in"


def test_images_and_records_lie_beside_each_other(source: Path, tmp_path: Path) -> None:
    made = make_images(chosen(source), tmp_path / "out", KEY)
    assert {role: path.name for role, path in made.files.items()} == {"t1": "t1.nii.gz", "t2": "t2.nii.gz"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "t1.json",
        "t1.nii.gz",
        "t2.json",
        "t2.nii.gz",
    ]
    record = json.loads((tmp_path / "out/t1.json").read_text())
    assert (record["role"], record["series"], record["EchoTime"]) == ("t1", 1, 0.009)


def test_a_second_run_converts_nothing_and_a_changed_file_converts_one(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make_images(chosen(source), out, KEY)
    before = {path.name: path.stat().st_ino for path in out.iterdir()}
    make_images(chosen(source), out, KEY)
    assert {path.name: path.stat().st_ino for path in out.iterdir()} == before
    write_series(source / "2", T2, number=2, voxels=head(300))
    make_images(chosen(source), out, KEY)
    after = {path.name: path.stat().st_ino for path in out.iterdir()}
    assert after["t1.nii.gz"] == before["t1.nii.gz"]
    assert after["t2.nii.gz"] != before["t2.nii.gz"]
    assert read_volume(out / "t2.nii.gz", "t2").data.max() == head(300).max()


@pytest.mark.parametrize("damage", ["image", "record", "no record", "folder at work"])
def test_what_a_killed_run_left_is_made_again(source: Path, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    make_images(chosen(source), out, KEY)
    if damage == "image":
        (out / "t1.nii.gz").write_bytes(b"half")
    elif damage == "record":
        (out / "t1.json").write_text("{")
    elif damage == "no record":
        (out / "t1.json").unlink()
    else:
        (out / ".converting-abc").mkdir()
    make_images(chosen(source), out, KEY)
    assert read_volume(out / "t1.nii.gz", "t1").data.max() == head().max()
    assert json.loads((out / "t1.json").read_text())["role"] == "t1"
    assert not (out / ".converting-abc").exists()


def test_adc_is_kept_in_one_unit_and_the_stored_one_recorded(tmp_path: Path) -> None:
    def thousandth(dataset: Any, _: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 0.001, 0

    write_series(tmp_path / "in", ADC, voxels=head(800), change=thousandth)
    made = make_images(chosen(tmp_path / "in"), tmp_path / "out", KEY)
    np.testing.assert_allclose(read_volume(made.files["adc"], "adc").data.max(), head(800).max(), rtol=1e-5)
    record = json.loads((tmp_path / "out/adc.json").read_text())
    assert record["Units"] == "1e-6 mm2/s"
    assert "stored in 1e-3 mm2/s" in record["unit_because"]


def test_adc_of_philips_is_in_its_unit_where_slices_differ_in_scale(tmp_path: Path) -> None:
    """Divided by the private scale it was in no unit, and left out."""

    def scales(dataset: Any, index: int) -> None:
        dataset.Manufacturer = "Philips Medical Systems"
        dataset.RescaleSlope, dataset.RescaleIntercept = 1 + 0.01 * index, 0
        dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.03)

    write_series(tmp_path / "in", ADC, voxels=head(800), change=scales)
    made = make_images(chosen(tmp_path / "in"), tmp_path / "out", KEY)
    np.testing.assert_allclose(
        read_volume(made.files["adc"], "adc").data.max(), head(800)[-1].max() * 1.07, rtol=1e-5
    )


def test_an_adc_map_of_no_unit_is_left_out_with_its_median(tmp_path: Path) -> None:
    write_series(tmp_path / "in", ADC, voxels=head(10))
    made = make_images(chosen(tmp_path / "in"), tmp_path / "out", KEY)
    assert made.files == {}
    assert "fits no unit of ADC" in made.left_out[0][1]
    assert not (tmp_path / "out/adc.nii.gz").exists()


def test_cbv_without_a_unit_is_not_converted(tmp_path: Path) -> None:
    write_series(
        tmp_path / "a", {**RCBV, "SeriesDescription": "CBV", "ImageType": ["DERIVED", "PRIMARY", "CBV"]}
    )
    made = make_images(chosen(tmp_path / "a"), tmp_path / "out", KEY)
    assert (made.files, made.cbv_unit) == ({}, None)
    assert "states no unit" in made.left_out[0][1]
    write_series(tmp_path / "b", RCBV)
    assert make_images(chosen(tmp_path / "b"), tmp_path / "out", KEY).cbv_unit == "relative"


def test_loss_is_warned_of(tmp_path: Path) -> None:
    write_series(tmp_path / "in", {**T1, "LossyImageCompression": "01"})
    made = make_images(chosen(tmp_path / "in"), tmp_path / "out", KEY)
    assert made.warnings == ("series 1 (T1) was compressed with loss",)
