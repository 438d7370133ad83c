"""Noise-free images: blood is where the vessels are, contrast agent where the blood is."""

from __future__ import annotations

from functools import cache

import numpy as np

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.anatomy import build_anatomy
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.lesions import draw_lesion
from cbvsynth.phantom.recording import ANATOMICAL, GAIN_RANGE, Recording, record
from cbvsynth.phantom.signals import USUAL_DELAY_MINUTES
from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.tissues import Diagnosis, Tissue

GRID = Grid(32, 8)


@cache
def recording(
    session: int = 1, t1c_delay_minutes: float = USUAL_DELAY_MINUTES
) -> tuple[Recording, dict[Tissue, np.ndarray]]:
    streams = Streams(3, 1, session)
    diagnosis = Diagnosis.LYMPHOMA
    anatomy = build_anatomy(streams, draw_lesion(streams, diagnosis), GRID.fine_axes_mm())
    shares = {tissue: GRID.voxel_means(share) for tissue, share in anatomy.shares.items()}
    return record(streams, anatomy, diagnosis, GRID, t1c_delay_minutes), shares


def test_all_images_lie_on_the_examinations_grid_and_are_dark_outside_the_head() -> None:
    made, shares = recording()
    air = sum(shares.values()) == 0
    assert tuple(made.signals) == ANATOMICAL
    for image in (*made.signals.values(), *made.diffusion):
        assert image.shape == (32, 32, 8)
        assert not image[air].any()
    parts = sum(shares.values())
    clear = np.abs(parts - 0.5) > 1e-9
    np.testing.assert_array_equal(made.brain[clear], parts[clear] > 0.5)


def test_diffusion_weighting_darkens_every_voxel_and_fluid_most() -> None:
    made, shares = recording()
    unweighted, weighted = made.diffusion
    left = weighted[made.brain] / unweighted[made.brain]
    assert left.max() < 1.0
    fluid, white = (shares[tissue][made.brain] > 0.8 for tissue in (Tissue.CSF, Tissue.WHITE))
    assert left[fluid].mean() < 0.3 < left[white].mean()


def test_voxels_with_vessels_hold_the_most_blood_and_contrast_agent_shows_it() -> None:
    made, shares = recording()
    vessel = made.brain & (shares[Tissue.BLOOD] > 0.05)
    white = made.brain & (shares[Tissue.WHITE] > 0.95)
    assert made.cbv[vessel].mean() > 3 * made.cbv[white].mean()
    assert 1.0 < np.median(made.cbv[white]) < 3.5
    gain = [
        float(made.signals[Sequence.T1C][place].mean() / made.signals[Sequence.T1][place].mean())
        for place in (vessel, white, shares[Tissue.SOLID] > 0.8)
    ]
    assert gain[0] > gain[1]
    assert gain[2] > 1.3 * gain[1], "lymphoma enhances"


def test_a_later_t1c_has_paler_vessels_and_a_brighter_lesion_and_nothing_else_changes() -> None:
    usual, shares = recording()
    later, _ = recording(t1c_delay_minutes=15.0)
    lesion, vessel = shares[Tissue.SOLID] > 0.8, usual.brain & (shares[Tissue.BLOOD] > 0.05)
    first, second = (one.signals[Sequence.T1C] for one in (usual, later))
    assert second[lesion].mean() > 1.1 * first[lesion].mean()
    assert second[vessel & ~lesion].mean() < first[vessel & ~lesion].mean()
    assert all(
        np.array_equal(usual.signals[one], later.signals[one])
        for one in ANATOMICAL
        if one is not Sequence.T1C
    )
    assert np.array_equal(usual.cbv, later.cbv)


def test_a_visit_has_gains_of_its_own_within_their_range() -> None:
    (first, shares), (second, _) = recording(), recording(2)
    white = shares[Tissue.WHITE] > 0.95
    for name in ANATOMICAL:
        ratio = float(np.median(second.signals[name][white]) / np.median(first.signals[name][white]))
        assert GAIN_RANGE[0] / GAIN_RANGE[1] < ratio < GAIN_RANGE[1] / GAIN_RANGE[0]
        assert ratio != 1.0
