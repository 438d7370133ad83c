"""Reading an examination onto one grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid, from_canonical
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.study.aligned import read_aligned, require_numbers, support_mask
from cbvsynth.study.nifti import write_volume

SHAPE = (20, 24, 10)
AFFINE = np.array([[-4.0, 0, 0, 40], [0, 4, 0, -50], [0, 0, 6, -20], [0, 0, 0, 1]])


def brain(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    middle, radius = (np.array(shape) - 1) / 2, np.array(shape) * 0.4
    distance = (np.indices(shape) - middle[:, None, None, None]) / radius[:, None, None, None]
    return (distance**2).sum(axis=0) < 1


def image(seed: int, *, stripped: bool = True) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(1, 2, SHAPE).astype(np.float32)
    return values * brain() if stripped else values


class Study:
    """A data root with one examination; every image can be replaced."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: dict[str, PurePosixPath] = {}
        for seed, role in enumerate(("t1", "t2", "adc", "cbv")):
            self.put(role, image(seed))

    def put(self, role: str, data: np.ndarray, affine: np.ndarray = AFFINE) -> None:
        write_volume(self.root / f"{role}.nii", Volume(data.astype(np.float32), affine))
        self.paths[role] = PurePosixPath(f"{role}.nii")

    def drop(self, role: str) -> None:
        del self.paths[role]

    @property
    def examination(self) -> Examination:
        inputs = {sequence: self.paths[sequence] for sequence in Sequence if sequence in self.paths}
        rest = {role: self.paths.get(role) for role in ("cbv", "mask", "seg")}
        return Examination("sub-1_ses-1", "sub-1", "ses-1", inputs, **rest)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_images_on_one_grid_are_turned_to_ras_and_nothing_else(study: Study) -> None:
    study.put("mask", brain())
    study.put("seg", np.where(brain(), 2, 0))

    aligned = read_aligned(study.root, study.examination)

    assert tuple(aligned.inputs) == (Sequence.T1, Sequence.T2, Sequence.ADC)
    np.testing.assert_array_equal(aligned.inputs[Sequence.T2], image(1)[::-1])
    assert aligned.cbv is not None
    np.testing.assert_array_equal(aligned.cbv, image(3)[::-1])
    np.testing.assert_array_equal(aligned.mask, brain()[::-1])
    assert aligned.seg is not None
    np.testing.assert_array_equal(aligned.seg, 2 * brain()[::-1])
    assert aligned.seg.dtype == np.uint8
    assert (aligned.shape, aligned.spacing_mm) == (SHAPE, (4.0, 4.0, 6.0))
    assert (aligned.reference, aligned.mask_source) == ("cbv", "file")


def test_a_map_goes_back_to_the_file_it_belongs_to(study: Study) -> None:
    aligned = read_aligned(study.root, study.examination)
    assert aligned.cbv is not None

    back = from_canonical(Volume(aligned.cbv, aligned.affine), aligned.original_grids["cbv"])

    np.testing.assert_array_equal(back.data, image(3))
    np.testing.assert_array_equal(back.affine, AFFINE)


def test_inputs_on_other_grids_come_to_the_grid_of_cbv(study: Study) -> None:
    fine = np.diag([2.0, 2.0, 3.0, 1.0])
    fine[:3, 3] = (-37, -51, -21.5)
    values = np.random.default_rng(9).uniform(1, 2, (40, 48, 20)).astype(np.float32)
    study.put("t1", values, fine)
    study.put("mask", brain((40, 48, 20)), fine)
    study.put("seg", np.where(brain((40, 48, 20)), 3, 0), fine)

    aligned = read_aligned(study.root, study.examination)

    oracle = resample(Volume(values, fine), Grid(SHAPE, aligned.affine))
    np.testing.assert_array_equal(aligned.inputs[Sequence.T1], oracle.data)
    assert aligned.mask.shape == SHAPE
    assert aligned.seg is not None
    np.testing.assert_array_equal(aligned.seg > 0, aligned.mask)
    assert aligned.original_grids["t1"].shape == (40, 48, 20)
    assert abs(int(aligned.mask.sum()) - int(brain().sum())) < 0.05 * brain().sum()


def test_without_cbv_the_first_sequence_gives_the_grid(study: Study) -> None:
    study.drop("cbv")
    study.drop("t1")

    aligned = read_aligned(study.root, study.examination)

    assert aligned.cbv is None
    assert aligned.seg is None
    assert aligned.reference == "t2"


def test_the_grid_of_any_image_can_be_asked_for(study: Study) -> None:
    wide = AFFINE @ np.diag([2.0, 2.0, 1.0, 1.0])
    study.put("t2", image(1)[::2, ::2], wide)

    aligned = read_aligned(study.root, study.examination, reference="t2")

    assert (aligned.reference, aligned.shape) == ("t2", (10, 12, 10))
    assert aligned.cbv is not None
    assert aligned.cbv.shape == (10, 12, 10)


@pytest.mark.parametrize("reference", ["flair", "mask", "nonsense"])
def test_a_reference_that_is_no_image_is_refused(study: Study, reference: str) -> None:
    study.put("mask", brain())
    with pytest.raises(VolumeError, match=f"no image '{reference}'.*choose one of t1, t2, adc, cbv"):
        read_aligned(study.root, study.examination, reference=reference)


def test_an_examination_without_inputs_is_refused(study: Study) -> None:
    for role in ("t1", "t2", "adc"):
        study.drop(role)
    with pytest.raises(VolumeError, match="names no input sequence"):
        read_aligned(study.root, study.examination)


def test_an_image_that_lost_its_place_is_refused(study: Study) -> None:
    study.put("t2", image(1), np.diag([4.0, 4.0, 6.0, 1.0]))
    with pytest.raises(GridError, match=r"sub-1/ses-1: T2 does not show the same place as CBV: .*Register"):
        read_aligned(study.root, study.examination)


@pytest.mark.parametrize(("slices", "fits"), [(10, True), (2, False)])
def test_an_input_must_cover_the_brain(study: Study, slices: int, fits: bool) -> None:  # noqa: FBT001
    study.put("mask", brain())
    study.put("t2", image(1)[:, :, :slices])
    if fits:
        read_aligned(study.root, study.examination)
        return
    with pytest.raises(GridError, match=r"T2 covers .*% of the brain; expected at least 95%"):
        read_aligned(study.root, study.examination)


def test_all_inputs_that_miss_the_brain_are_told_at_once(study: Study) -> None:
    """A person left one out, waited again, and was told of the next."""
    study.put("mask", brain())
    for role in ("t1", "t2"):
        study.put(role, image(1)[:, :, :2])
    found = (
        r"T1 covers [\d.]+% of the brain, T2 [\d.]+%; expected at least 95%\. Use images .* leave these out"
    )
    with pytest.raises(GridError, match=found):
        read_aligned(study.root, study.examination)


def test_a_head_much_longer_than_the_slab_is_no_other_place(study: Study) -> None:
    """The middle of a whole-head T1 lies far from the middle of a thin slab; both show one head."""
    tall = np.ones((20, 24, 30), np.float32)
    moved = AFFINE.copy()
    moved[2, 3] = -20 - 6 * 15
    study.put("t1", tall, moved)
    study.put("mask", brain())

    assert read_aligned(study.root, study.examination).inputs[Sequence.T1].min() == 1.0


def test_a_missing_mask_is_the_support_of_the_stripped_inputs(study: Study) -> None:
    study.put("t2", image(1, stripped=False))
    with_hole = image(0)
    with_hole[10, 12, 5] = 0.0
    study.put("t1", with_hole)

    aligned = read_aligned(study.root, study.examination)

    assert aligned.mask_source == "support of T1"
    np.testing.assert_array_equal(aligned.mask, brain()[::-1])


def test_an_input_that_covers_a_part_only_does_not_shrink_a_derived_mask(study: Study) -> None:
    """The mask used to be cut to the part that both images cover; then nothing was seen to be missing."""
    assert "mask" not in study.paths
    study.put("t2", image(1)[:, :, :5])
    with pytest.raises(GridError, match="T2 covers"):
        read_aligned(study.root, study.examination)


def test_most_images_decide_about_a_derived_mask() -> None:
    clipped = image(1)
    clipped[:, :10] = 0.0
    images = {Sequence.T1: image(0), Sequence.T2: clipped, Sequence.FLAIR: image(2), Sequence.ADC: clipped}

    mask, source = support_mask(images, "e")

    np.testing.assert_array_equal(mask, brain())
    assert source == "support of T1, T2, T2-FLAIR"


def test_adc_alone_may_give_the_mask() -> None:
    mask, source = support_mask({Sequence.ADC: image(0), Sequence.T1: image(1, stripped=False)}, "e")

    np.testing.assert_array_equal(mask, brain())
    assert source == "support of ADC"


def test_images_with_their_skull_give_no_mask() -> None:
    with pytest.raises(VolumeError, match=r"no image is skull-stripped .*T1 0.0%.*HD-BET"):
        support_mask({Sequence.T1: image(0, stripped=False)}, "e")


def test_images_of_different_places_give_no_mask() -> None:
    parts = [image(seed) for seed in range(3)]
    parts[0][7:], parts[1][:7], parts[1][14:], parts[2][:14] = 0.0, 0.0, 0.0, 0.0
    with pytest.raises(VolumeError, match="non-zero in different places"):
        support_mask(dict(zip(Sequence, parts, strict=False)), "e")


def test_an_empty_mask_is_refused(study: Study) -> None:
    study.put("mask", np.zeros(SHAPE))
    with pytest.raises(VolumeError, match="sub-1/ses-1: MASK is zero everywhere"):
        read_aligned(study.root, study.examination)


def test_a_brain_masked_image_serves_as_mask(study: Study) -> None:
    """The authors' folders hold a masked T1 in the mask's place."""
    study.put("mask", 731.5 * image(0))

    aligned = read_aligned(study.root, study.examination)

    np.testing.assert_array_equal(aligned.mask, brain()[::-1])
    assert aligned.mask_source == "file (an image, where it is not 0)"


def test_probabilities_count_as_brain_from_a_half_up_and_the_source_says_so(study: Study) -> None:
    """Every voxel above 0 was brain."""
    smooth = gaussian_filter(brain().astype(np.float32), 0.6)
    study.put("mask", smooth)
    aligned = read_aligned(study.root, study.examination)
    np.testing.assert_array_equal(aligned.mask, smooth[::-1] >= 0.5)
    assert aligned.mask_source == "file (probabilities from 0 to 1, of which 0.5 and more)"


def test_a_mask_below_zero_is_refused_by_name(study: Study) -> None:
    study.put("mask", np.where(brain(), 1.0, -1.0))
    with pytest.raises(VolumeError, match="sub-1/ses-1: MASK: values from -1 to 1"):
        read_aligned(study.root, study.examination)


def test_a_head_whose_air_was_blanked_is_not_skull_stripped(study: Study) -> None:
    """A tenth of zeros was enough, so that scalp and skull of a scanner's own image became brain."""
    wide = np.diag([12.0, 12.0, 18.0, 1.0])
    for seed, role in enumerate(("t1", "t2", "adc", "cbv")):
        study.put(role, image(seed), wide)
    with pytest.raises(VolumeError, match=r"images are not 0 in \d{4} mL; a brain has at most 2000"):
        read_aligned(study.root, study.examination)


def put_raw(study: Study, role: str, data: np.ndarray) -> None:
    """As other programs write it: `write_volume` refuses what is not finite."""
    nib.save(nib.Nifti1Image(data.astype(np.float32), AFFINE), study.root / f"{role}.nii")
    study.paths[role] = PurePosixPath(f"{role}.nii")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("role", ["t1", "cbv", "mask", "seg"])
def test_voxels_without_a_number_outside_the_brain_are_background_and_told(
    study: Study, role: str, value: float
) -> None:
    """One NaN in the air, as SPM and MATLAB write it, dropped the examination."""
    whole = np.where(brain(), 1, 0).astype(np.float32) if role in ("mask", "seg") else image(0)
    study.put(role, whole)
    expected = read_aligned(study.root, study.examination)
    put_raw(study, role, np.where(brain(), whole, value))
    aligned = read_aligned(study.root, study.examination)
    require_numbers(aligned, study.examination)
    np.testing.assert_array_equal(aligned.mask, expected.mask)
    np.testing.assert_array_equal(aligned.inputs[Sequence.T1], expected.inputs[Sequence.T1])
    (warning,) = aligned.warnings
    share = 1 - brain().mean()
    assert f"{share:.1%} of the voxels are NaN or infinite, none of them in the brain" in warning
    assert warning.startswith("sub-1/ses-1: ")


@pytest.mark.parametrize("role", ["t2", "cbv"])
def test_voxels_without_a_number_in_the_brain_are_a_fault(study: Study, role: str) -> None:
    damaged = image(1)
    damaged[10, 12, 5] = np.nan
    put_raw(study, role, damaged)
    aligned = read_aligned(study.root, study.examination)
    assert aligned.warnings == ()
    with pytest.raises(
        VolumeError, match=f"{role.upper()}: 1 of {brain().sum()} voxels of the brain are NaN"
    ):
        require_numbers(aligned, study.examination)


def test_a_segmentation_with_fractions_is_refused_by_name(study: Study) -> None:
    study.put("seg", 0.5 * brain())
    with pytest.raises(VolumeError, match=r"sub-1/ses-1: SEG: its labels are 0\.5; expected 1, 2, 3, 4"):
        read_aligned(study.root, study.examination)


def test_enhancing_tumour_is_label_3_whichever_number_the_study_gives_it(study: Study) -> None:
    """UPENN-GBM and UCSF-PDGM mark it 4, which elsewhere is the cavity: its CBV went unmeasured."""
    labels = np.zeros(brain().shape)
    labels[2, 2, 2], labels[3, 2, 2] = 1, 4
    study.put("seg", labels)
    legacy = read_aligned(study.root, replace(study.examination, enhancing_label=4)).seg
    present = read_aligned(study.root, replace(study.examination, enhancing_label=3)).seg
    assert legacy is not None
    assert present is not None
    assert sorted(np.unique(legacy)) == [0, 1, 3]
    assert sorted(np.unique(present)) == [0, 1, 4]
