"""A value that is missing, of another kind or damaged counts as missing."""

from __future__ import annotations

import math

import pytest
from pydicom.dataset import Dataset

from cbvsynth.study.dicom.elements import (
    acquired_seconds,
    first_finite,
    functional_group,
    integer,
    number,
    numbers,
    plain_words,
    private_number,
    text,
    texts,
    vector,
)
from tests.study.dicom.dicom_files import of


def test_texts_and_numbers_of_one_or_several_values() -> None:
    dataset = of(ImageType=["ORIGINAL", "", "M"], EchoTime=9.5, SeriesNumber=7, SeriesDescription=" t1 ")
    assert texts(dataset, "ImageType") == ["ORIGINAL", "M"]
    assert text(dataset, "SeriesDescription") == "t1"
    assert (number(dataset, "EchoTime"), integer(dataset, "SeriesNumber")) == (9.5, 7)


def test_what_is_missing_is_nothing() -> None:
    for part in (None, Dataset(), of(EchoTime=None)):
        assert texts(part, "EchoTime") == []
        assert math.isnan(number(part, "EchoTime"))
        assert integer(part, "EchoTime", 3) == 3
    assert numbers(of(SeriesDescription="nine"), "SeriesDescription") == []
    assert vector([1.0, 2.0]) is None
    assert vector([1.0, 2.0, math.nan]) is None
    assert vector([1.0, 2.0, 3.0]) == (1.0, 2.0, 3.0)
    assert first_finite(math.nan, 2.0, 3.0) == 2.0
    assert math.isnan(first_finite(math.nan))


def test_words_are_small_and_apart_and_a_plus_stays() -> None:
    assert plain_words(" T1_SE^ax-(post) +C/FS ") == "t1 se ax post +c fs"


def test_a_group_is_of_all_frames_or_of_the_first() -> None:
    shared = of(SharedFunctionalGroupsSequence=[of(MREchoSequence=[of(EffectiveEchoTime=9.0)])])
    each = of(
        PerFrameFunctionalGroupsSequence=[
            of(MREchoSequence=[of(EffectiveEchoTime=value)]) for value in (12.0, 24.0)
        ]
    )
    assert number(functional_group(shared, "MREchoSequence"), "EffectiveEchoTime") == 9.0
    assert number(functional_group(each, "MREchoSequence"), "EffectiveEchoTime") == 12.0
    assert functional_group(shared, "MRModifierSequence") is None


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"AcquisitionDateTime": "20200102101530.5"}, 36930.5),
        ({"AcquisitionDate": "20200102", "AcquisitionTime": "101530"}, 36930.0),
        ({"SeriesTime": "10:15:30"}, 36930.0),
        ({"StudyDate": "20200102", "ContentTime": "101530.25"}, 36930.25),
        ({"AcquisitionDate": "20201399", "AcquisitionTime": "101530"}, 36930.0),
        ({"AcquisitionTime": "soon"}, math.nan),
        ({}, math.nan),
    ],
)
def test_times_are_told_as_far_as_they_are_stated(tags: dict[str, str], seconds: float) -> None:
    assert acquired_seconds(of(**tags)) % 86400.0 == pytest.approx(seconds, nan_ok=True)


def test_times_of_two_days_are_in_their_order() -> None:
    days = [of(AcquisitionDate=f"2020010{day}", AcquisitionTime="000100") for day in (1, 2)]
    assert acquired_seconds(days[1]) - acquired_seconds(days[0]) == 86400.0


@pytest.mark.parametrize(("value", "expected"), [(b"1000\\0\\0 ", 1000.0), ("800", 800.0), (b"x", math.nan)])
def test_private_numbers_may_be_bytes(value: object, expected: float) -> None:
    dataset = Dataset()
    dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(
        0x0C, "UN" if isinstance(value, bytes) else "LO", value
    )
    assert private_number(dataset, (0x0019, 0x100C)) == pytest.approx(expected, nan_ok=True)
