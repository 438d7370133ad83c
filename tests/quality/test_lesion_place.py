"""A segmentation that lies beside the lesion it was drawn on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.phantom.case import make_case
from cbvsynth.phantom.tissues import Diagnosis
from cbvsynth.quality.lesion_place import lesion_warnings
from cbvsynth.study.aligned import AlignedExamination

EXAMINATION = Examination("e", "sub-1", "ses-1", {}, seg=PurePosixPath("seg.nii"))


@pytest.fixture(scope="module")
def aligned() -> Callable[[tuple[int, int, int]], AlignedExamination]:
    case = make_case(seed=33, patient=1, matrix=48, diagnosis=Diagnosis.LOW_GRADE_GLIOMA)

    def moved(steps: tuple[int, int, int]) -> AlignedExamination:
        """The examination with its segmentation some voxels off."""
        return AlignedExamination(
            exam_id="e",
            inputs={name: image.astype(np.float32) for name, image in case.images.items()},
            cbv=None,
            mask=case.brain,
            mask_source="file",
            seg=np.roll(case.lesion, steps, axis=(0, 1, 2)),
            affine=np.diag([*case.spacing_mm, 1.0]),
            reference="t1",
            original_grids={},
        )

    return moved


@pytest.mark.parametrize("steps", [(3, 0, 0), (0, -5, 0)], ids=["14 mm", "23 mm"])
def test_a_segmentation_that_was_moved_is_told(
    aligned: Callable[[tuple[int, int, int]], AlignedExamination], steps: tuple[int, int, int]
) -> None:
    """Lesions were scored, and learned from, in a place of healthy brain; 40 mm off said nothing."""
    (told,) = lesion_warnings(EXAMINATION, aligned(steps))
    assert told.startswith("sub-1/ses-1: SEG seems to lie beside the lesion: ")


def test_a_segmentation_in_its_place_says_nothing(
    aligned: Callable[[tuple[int, int, int]], AlignedExamination],
) -> None:
    assert lesion_warnings(EXAMINATION, aligned((0, 0, 0))) == ()


def test_without_a_segmentation_or_a_lesion_in_it_nothing_is_said(
    aligned: Callable[[tuple[int, int, int]], AlignedExamination],
) -> None:
    one = aligned((0, 0, 0))
    assert one.seg is not None
    for seg in (None, np.zeros_like(one.seg)):
        without = AlignedExamination(**{**vars(one), "seg": seg})
        assert lesion_warnings(EXAMINATION, without) == ()
