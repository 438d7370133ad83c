"""JSON to arrays and back: types, ranges, regular lists, and the fewest digits."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cbvsynth.errors import RefusedError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

FLOAT, DOUBLE, INT32, UINT8, INT8, STRING, INT64, BOOL, COMPLEX = 1, 2, 3, 4, 6, 7, 9, 10, 8


def read(value, dtype):
    from cbvsynth.server.faces.rest_tensors import array_from

    return array_from(value, dtype)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (3, FLOAT, np.float32(3)),
        ([[1, 2.5], [3, 4]], FLOAT, np.array([[1, 2.5], [3, 4]], np.float32)),
        ([2**31 - 1, -(2**31)], INT32, np.array([2**31 - 1, -(2**31)], np.int32)),
        ([255, 0], UINT8, np.array([255, 0], np.uint8)),
        ([2**63 - 1], INT64, np.array([2**63 - 1], np.int64)),
        ([True, False], BOOL, np.array([True, False])),
        ([], FLOAT, np.zeros((0,), np.float32)),
        ([[], []], FLOAT, np.zeros((2, 0), np.float32)),
        ([1e300], FLOAT, np.array([np.inf], np.float32)),
        ([10**30], DOUBLE, np.array([1e30])),
    ],
)
def test_a_value_becomes_the_array_that_it_shows(value, dtype, expected):
    found = read(value, dtype)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def test_texts_are_bytes_plain_or_packed():
    assert read(["a", {"b64": "/w=="}], STRING).tolist() == [b"a", b"\xff"]


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        ([4294967296], INT32, "JSON Value: 4294967296 Type: Number is out of the range of type: int32"),
        ([0, -1], UINT8, "JSON Value: -1 Type: Number is out of the range of type: uint8"),
        ([128], INT8, "out of the range of type: int8"),
        ([2**63], INT64, "out of the range of type: int64"),
        ([10**400], DOUBLE, "A JSON number is out of the range of type: float64"),
        ([1.0], INT32, "JSON Value: 1.0 Type: Number is not of expected type: int32"),
        ([True], FLOAT, "JSON Value: true Type: Bool is not of expected type: float32"),
        ([1.5, True], FLOAT, "JSON Value: true Type: Bool"),
        ([1, None], FLOAT, "JSON Value: null Type: Null"),
        ([1, {"a": 2}], FLOAT, 'JSON Value: {"a": 2} Type: Object'),
        (["1"], FLOAT, 'JSON Value: "1" Type: String'),
        ([1], BOOL, "JSON Value: 1 Type: Number is not of expected type: bool"),
        ([[1], 2], FLOAT, "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ([1, [2]], FLOAT, "Encountered list at unexpected level: 1 expected < 1"),
        ([[1], [2, 3]], FLOAT, "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
        ([{"b64": "?"}], STRING, "Unable to base64 decode"),
        ([1], COMPLEX, "to type complex64 is not possible"),
    ],
)
def test_what_does_not_fit_is_refused(value, dtype, text):
    """4294967296 became 0 as an int32, and true became 1.0 beside a number."""
    with pytest.raises(RefusedError) as caught:
        read(value, dtype)
    assert text in str(caught.value)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_a_value_that_is_shown_is_cut():
    with pytest.raises(RefusedError) as caught:
        read(["x" * 10_000], FLOAT)
    assert len(str(caught.value)) < 400


def test_lists_in_lists_end_somewhere():
    deep: list = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(RefusedError, match="nested deeper than 64"):
        read(deep, FLOAT)


def test_floats_have_the_fewest_digits_that_give_them_back():
    """Each went as the double next to it: 0.10000000149011612 for 0.1, twice the bytes."""
    from cbvsynth.server.faces.rest_tensors import dumps

    values = np.array([0.1, 3, -2.5e-8, 16777216, 1e30], np.float32)
    assert dumps(values[:2]) == b"[0.1,3.0]"
    assert np.array(json.loads(dumps(values)), np.float32).tobytes() == values.tobytes()
    rng = np.random.default_rng(0)
    volume = rng.uniform(0, 50, (8, 8, 4)).astype(np.float32)
    assert np.array(json.loads(dumps(volume)), np.float32).tobytes() == volume.tobytes()
    assert len(dumps(volume)) < 0.65 * len(json.dumps(volume.tolist()))


def test_what_is_not_finite_is_written_as_the_production_server_does():
    from cbvsynth.server.faces.rest_tensors import dumps

    assert dumps(np.array([0.1, np.nan, np.inf, -np.inf], np.float32)) == b"[0.1,NaN,Infinity,-Infinity]"


def test_scalars_and_whole_numbers_are_written():
    from cbvsynth.server.faces.rest_tensors import dumps

    assert dumps(np.array(2, np.int32)) == b"2"
    assert dumps(np.int64(3)) == b"3"
    assert dumps(np.array([[1], [2]], np.uint8)) == b"[[1],[2]]"
    assert dumps(np.array([True])) == b"[true]"


def test_a_value_that_json_reads_and_cannot_write_is_named_so():
    """A list nested 979 deep was read, then ended the connection, as it could not be shown in the refusal."""
    from cbvsynth.server.faces.rest_tensors import shown

    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert shown(deep) == "(nested too deeply to show)"
