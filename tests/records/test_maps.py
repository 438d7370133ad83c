"""A folder of synthetic maps: read back as written, and refused when it is not whole."""

import math

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.errors import ResultError
from cbvsynth.records.maps import (
    MapIndex,
    read_map,
    read_map_index,
    read_measures,
    write_map,
    write_map_index,
)

INDEX = MapIndex("encdec-t1", "digest", "mL/100g", 25.0, "data", "older data", ("e1",))
MEASURES = (
    MapMeasures("e1", MapKind.REAL, 3.5, 5.25, 8.1, 2.1, 3.857),
    MapMeasures("e1", MapKind.SYNTHETIC, 3.4, 1 / 3, 7.9, 2.2, 3.5),
)


@pytest.fixture
def folder(tmp_path):
    write_map(tmp_path, "e1", np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    write_map_index(tmp_path, INDEX, MEASURES)
    return tmp_path


def test_everything_is_read_back_exactly(folder):
    assert read_map_index(folder) == INDEX
    assert read_measures(folder) == {("e1", row.kind): row for row in MEASURES}
    assert read_map(folder, "e1")[1, 2, 3] == 23


def test_a_missing_measure_is_nan(folder):
    write_map_index(folder, INDEX, [MapMeasures("e2", MapKind.REAL, 1.0, *[math.nan] * 4)])
    assert math.isnan(read_measures(folder)["e2", MapKind.REAL].lesion_mean)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', '{"format": 2, "examinations": []}'])
def test_a_damaged_index_is_refused(folder, content):
    (folder / "index.json").write_text(content)
    with pytest.raises(ResultError, match="synthesise' again"):
        read_map_index(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("exam_id,kind", "exam_id,sort", "has columns exam_id, sort"),
        ("e1,real,3.5", "e1,imagined,3.5", "line 2: kind is 'imagined'; expected real or synthetic"),
        ("e1,real,3.5", "e1,real,much", "line 2: brain_mean is 'much'; expected a number"),
        ("e1,real,3.5", "e1,real,1e200", r"line 2: brain_mean is 1e\+200; expected"),
        ("e1,synthetic", "e1,real", "line 3: a second row for e1, real"),
    ],
)
def test_damaged_measures_are_refused(folder, old, new, message):
    path = folder / "measures.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ResultError, match=message + ".*run 'cbvsynth synthesise' again"):
        read_measures(folder)


def test_the_files_are_these_byte_for_byte(folder):
    assert (folder / "measures.csv").read_bytes() == (
        b"exam_id,kind,brain_mean,lesion_mean,lesion_hot_spot,white_matter_mean,hot_spot_ratio\n"
        b"e1,real,3.5,5.25,8.1,2.1,3.857\n"
        b"e1,synthetic,3.4,0.3333333333333333,7.9,2.2,3.5\n"
    )
    assert (folder / "index.json").read_text() == (
        '{\n  "format": 1,\n  "model": "encdec-t1",\n  "saved_model_digest": "digest",\n'
        '  "target_unit": "mL/100g",\n  "data_range": 25.0,\n  "data_fingerprint": "data",\n'
        '  "trained_on": "older data",\n  "examinations": [\n    "e1"\n  ]\n}\n'
    )


def test_missing_files_are_refused_with_what_to_run(tmp_path):
    for read in (read_map_index, read_measures, lambda root: read_map(root, "e1")):
        with pytest.raises(ResultError, match="synthesise"):
            read(tmp_path)
