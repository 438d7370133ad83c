"""Errors by region survive the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.region_errors import RegionError, RegionKind
from cbvsynth.errors import ResultError
from cbvsynth.records.regions import read_regions, write_regions

ROW = RegionError("e0", "p0", RegionKind.DISTANCE, "up to 10 mm", 120, 0.1 + 0.2, -0.1)


def test_what_is_read_is_what_was_written(tmp_path: Path):
    rows = (ROW, replace(ROW, region="10 to 20 mm"), replace(ROW, kind=RegionKind.PLACE))
    write_regions(tmp_path / "regions.csv", rows)
    assert read_regions(tmp_path / "regions.csv") == rows


def test_results_of_an_earlier_release_have_no_regions(tmp_path: Path):
    assert read_regions(tmp_path / "regions.csv") == ()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"voxels": 0}, "voxels is 0; expected 1 or more"),
        ({"mae": -0.5}, "mae is -0.5; expected 0 to 1e"),
        ({"bias": float("inf")}, "bias is inf; expected -1e"),
    ],
)
def test_a_number_that_cannot_be_is_named(tmp_path: Path, change: dict, problem: str):
    write_regions(tmp_path / "regions.csv", [replace(ROW, **change)])
    with pytest.raises(ResultError, match=problem):
        read_regions(tmp_path / "regions.csv")
