"""CBF as arterial spin labelling shows it: right in healthy tissue, noisy, and nothing else changes by it."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.options import Strength, Switch
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.phantom.blood_flow import CBF_MAX, LESION_TRANSIT_S, TRANSIT_S, measured_flow
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.tissues import TISSUES, Diagnosis, Tissue


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    return make_case(matrix=32, slices=8, asl=Switch.ON)


def test_the_other_images_have_the_same_bytes_with_and_without_it(case: PhantomCase) -> None:
    without = make_case(matrix=32, slices=8)
    assert set(without.images) == set(PAPER_SEQUENCES)
    assert set(case.images) == set(Sequence)
    for sequence in PAPER_SEQUENCES:
        np.testing.assert_array_equal(case.images[sequence], without.images[sequence])
    np.testing.assert_array_equal(case.cbv, without.cbv)


def test_flow_is_a_brains_and_zero_outside(case: PhantomCase) -> None:
    flow = case.images[Sequence.ASL]
    assert 30.0 < np.median(flow[case.brain]) < 70.0
    assert not flow[~case.brain].any()
    assert (flow < 0).any(), "a difference of two images has noise of both signs"


def test_flow_and_volume_agree_but_are_not_the_same_image(case: PhantomCase) -> None:
    inside = case.brain & (case.lesion == 0)
    assert 0.3 < np.corrcoef(case.images[Sequence.ASL][inside], case.cbv[inside])[0, 1] < 0.95


def test_grey_matter_flows_twice_as_fast_as_white() -> None:
    flow = {tissue: 60.0 * TISSUES[tissue].cbv / TRANSIT_S[tissue] for tissue in (Tissue.GREY, Tissue.WHITE)}
    assert flow[Tissue.GREY] == pytest.approx(55.0, rel=0.05)
    assert flow[Tissue.WHITE] == pytest.approx(22.0, rel=0.2)
    assert set(LESION_TRANSIT_S) == set(Diagnosis)


def test_what_is_stored_stays_in_its_range() -> None:
    brain = np.ones((8, 8, 4), np.bool_)
    stored = measured_flow(np.full(brain.shape, 2000.0), brain, Streams(1, 1))
    assert stored.max() == CBF_MAX


def test_metal_spoils_it_as_it_spoils_adc(case: PhantomCase) -> None:
    spoilt = make_case(matrix=32, slices=8, asl=Switch.ON, fault=Fault.METAL, strength=Strength.FULL)
    lost = {one: (spoilt.images[one][spoilt.brain] == 0).sum() for one in (Sequence.ADC, Sequence.ASL)}
    assert lost[Sequence.ADC] == lost[Sequence.ASL] > 0
