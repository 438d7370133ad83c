"""The table of regions: every row says what made it, and no name becomes a formula."""

from __future__ import annotations

import csv
import io

import pytest

from cbvsynth.page.studies import Region, Study
from cbvsynth.page.tables import regions_csv


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "lesion, left"])
def test_rows(name):
    region = Region(name, 3, 0.25, 4.0, 5.0, None, None, None)
    result = {"record": {"Model": "encdec-t1", "ModelVersion": 7}, "unit": "mL/100 g"}
    study = Study("0" * 32, "me", 1, 0.0, result=result, regions=(region, region))
    rows = list(csv.DictReader(io.StringIO(regions_csv(study))))
    assert len(rows) == 2
    for row in rows:
        assert row["region"] == (name if name.startswith("lesion") else f"'{name}")
        assert (row["volume, mL"], row["mean CBV, mL/100 g"], row["mean / white matter"]) == ("0.25", "4", "")
        assert (row["model"], row["version"]) == ("encdec-t1", "7")
        assert row["note"].startswith("For research only")


def test_an_interval_and_what_it_decides_stand_in_the_table():
    region = Region(
        "r",
        3,
        0.25,
        4.0,
        5.0,
        None,
        None,
        None,
        interval_low=3.5,
        interval_high=4.5,
        reading="undecided",
        threshold=4.25,
    )
    result = {"record": {"Model": "encdec-t1", "ModelVersion": 7}, "unit": "mL/100 g"}
    (row,) = csv.DictReader(
        io.StringIO(regions_csv(Study("0" * 32, "me", 1, 0.0, result=result, regions=(region,))))
    )
    assert (row["interval from, mL/100 g"], row["interval to, mL/100 g"]) == ("3.5", "4.5")
    assert (row["threshold, mL/100 g"], row["at the threshold"]) == ("4.25", "undecided")
