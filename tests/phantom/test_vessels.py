"""Vessels lie in the sulci and along the midline, and never fill a voxel."""

from __future__ import annotations

import numpy as np

from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.vessels import MIDLINE_SHARE, SULCAL_SHARE, blood_share

AXES = (np.linspace(-70, 70, 40), np.linspace(-90, 70, 40), np.linspace(-20, 70, 12))
SHAPE = (40, 40, 12)


def share(grey: float, csf: float, midline_mm: float, patient: int = 1) -> np.ndarray:
    return blood_share(
        Streams(5, patient),
        AXES,
        np.full(SHAPE, midline_mm),
        np.full(SHAPE, grey),
        np.full(SHAPE, csf),
    )


def test_where_cortex_and_fluid_do_not_meet_there_is_no_sulcal_vessel() -> None:
    assert not share(grey=1.0, csf=0.0, midline_mm=30.0).any()
    assert not share(grey=0.0, csf=1.0, midline_mm=30.0).any()


def test_sulci_hold_branches_and_gaps_up_to_the_stated_share() -> None:
    sulci = share(grey=0.5, csf=0.5, midline_mm=30.0)
    assert 0.0 == sulci.min() < np.median(sulci) + 1e-12
    assert sulci.max() == SULCAL_SHARE
    assert 0.1 < (sulci > 0).mean() < 0.9


def test_the_midline_is_fullest_in_the_middle_and_ends_after_3_mm() -> None:
    shares = [float(share(1.0, 0.0, distance)[0, 0, 0]) for distance in (0.0, 1.5, 3.0)]
    np.testing.assert_allclose(shares, [MIDLINE_SHARE, MIDLINE_SHARE / 2, 0.0], atol=1e-12)


def test_a_patient_keeps_the_vessels_and_another_has_others() -> None:
    np.testing.assert_array_equal(share(0.5, 0.5, 30.0), share(0.5, 0.5, 30.0))
    assert not np.array_equal(share(0.5, 0.5, 30.0), share(0.5, 0.5, 30.0, patient=2))
