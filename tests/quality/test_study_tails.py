"""The bad tail of a study: who stands out, who does not, and when nobody is judged."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.quality.study_tails import with_study_tails
from cbvsynth.quality.survey import Survey

SNR = [20.0, 21.0, 19.0, 20.5, 19.5, 20.2, 19.8, 20.1, 19.9, 20.0]


def worse(column: str, values: list[float], scanners: list[str] | None = None) -> list[float]:
    """What is measured of examinations with these values against their study."""
    names = [str(number) for number in range(len(values))]
    examinations = [
        Examination(name, f"p{name}", "1", {Mri.T1: PurePosixPath("t1.nii")}, scanner=scanner)
        for name, scanner in zip(names, scanners or [""] * len(values), strict=True)
    ]
    surveys = [Survey(name, {column: value}) for name, value in zip(names, values, strict=True)]
    return [one.value(f"{column}_worse_than_study") for one in with_study_tails(examinations, surveys)]


def test_half_the_signal_of_the_others_stands_out() -> None:
    """One number for all scanners let noise of twice the others' pass."""
    found = worse("snr", [*SNR, 10.0])

    assert found[-1] == pytest.approx((20.0 - 10.0) / (0.08 * 20.0))  # the least spread that is granted
    assert max(found[:-1]) < 1.0


@pytest.mark.parametrize(("value", "worse_by"), [(40.0, 0.0), (11.9, 5.0625), (12.1, 4.9375)])
def test_only_the_bad_side_counts_and_five_are_two_fifths_of_the_median(
    value: float, worse_by: float
) -> None:
    assert worse("snr", [*SNR, value])[-1] == pytest.approx(worse_by, rel=1e-5)


def test_a_study_that_scatters_widens_its_own_limit() -> None:
    scattered = [10.0, 14.0, 18.0, 22.0, 26.0, 30.0, 20.0, 16.0, 24.0, 20.0]

    assert worse("snr", [*scattered, 8.0])[-1] < 5.0


def test_ghosts_are_bad_where_they_are_many() -> None:
    ghosts = [0.0004, 0.0006, 0.0005, 0.0012, 0.0003, 0.0007, 0.0005, 0.0006, 0.0004, 0.0005]
    found = worse("ghost_ratio", [*ghosts, 0.0066])

    assert found[-1] > 5.0
    assert max(found[:-1]) < 1.0


def test_fewer_than_ten_are_not_compared() -> None:
    assert all(math.isnan(one) for one in worse("snr", SNR[:9]))
    assert not any(math.isnan(one) for one in worse("snr", SNR))


def test_each_scanner_is_compared_with_itself() -> None:
    """A second scanner with half the signal is another scanner, not eleven bad examinations."""
    half = [value / 2 for value in SNR]
    found = worse("snr", [*SNR, *half, 9.0], ["a"] * 10 + ["b"] * 10 + ["c"])

    assert max(found[:20]) < 1.0
    assert math.isnan(found[-1])


def test_what_was_not_measured_is_not_judged() -> None:
    found = worse("snr", [*SNR, math.nan])

    assert math.isnan(found[-1])
