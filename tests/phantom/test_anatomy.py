"""A head is a mixture that adds up, the same at every visit."""

from __future__ import annotations

from functools import cache

import numpy as np

from cbvsynth.phantom.anatomy import Anatomy, build_anatomy
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.lesions import draw_lesion
from cbvsynth.phantom.streams import Streams
from cbvsynth.phantom.tissues import Diagnosis, Tissue


@cache
def head(patient: int = 1, session: int = 1) -> Anatomy:
    streams = Streams(3, patient, session)
    lesion = draw_lesion(streams, Diagnosis.HIGH_GRADE_GLIOMA)
    return build_anatomy(streams, lesion, Grid(32, 8).fine_axes_mm())


def test_the_shares_of_all_tissues_add_up_to_the_brain() -> None:
    anatomy = head()
    assert set(anatomy.shares) == set(Tissue)
    for share in anatomy.shares.values():
        assert share.min() >= -1e-12
    np.testing.assert_allclose(sum(anatomy.shares.values()), anatomy.brain, atol=1e-12)
    assert anatomy.brain.max() <= 1.0 + 1e-12


def test_every_tissue_is_there_and_white_and_grey_matter_most() -> None:
    amounts = {tissue: float(share.sum()) for tissue, share in head().shares.items()}
    assert min(amounts.values()) > 0
    assert {Tissue.WHITE, Tissue.GREY} == set(sorted(amounts, key=amounts.__getitem__)[-2:])


def test_a_follow_up_shows_the_same_head_and_another_patient_another_one() -> None:
    far = head().lesion.oedema + head(session=2).lesion.oedema == 0
    same = np.abs(head().brain - head(session=2).brain)[far]
    assert np.median(same) == 0.0
    assert same.mean() < 0.01 < np.abs(head().brain - head(patient=2).brain).mean()
