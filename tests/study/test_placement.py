"""Files without an orientation: never guessed, taken as stated and where another image shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import Grid, canonical_grid
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import GridError, VolumeError
from cbvsynth.quality.survey import survey_examination
from cbvsynth.study.aligned import read_aligned
from cbvsynth.study.nifti import read_headers, read_image
from cbvsynth.study.placement import Placement, place
from tests.client.heads import AFFINES, SHAPE, brain, image, write

TURNED = {"RAS": "RAS", "LPS": "LPS", "oblique": "LPS"}
"""Affines of a head, and which way their axes run."""


def without_codes(path: Path, data: np.ndarray, zooms: tuple[float, float, float] = (2.0, 2.0, 4.0)) -> None:
    """As MATLAB's niftiwrite leaves it: the voxels and their size, and both codes 0."""
    picture = nib.Nifti1Image(data, None)
    picture.header.set_zooms(zooms)
    picture.set_sform(None, 0)
    picture.set_qform(None, 0)
    nib.save(picture, path)
    header = nib.load(path).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (0, 0)


def examination(root: Path, *roles: str, orientation: str = "") -> Examination:
    paths = {role: PurePosixPath(f"{role}.nii.gz") for role in roles}
    assert all((root / path).is_file() for path in paths.values())
    inputs = {Sequence(role): path for role, path in paths.items() if role in set(Sequence)}
    rest = {role: paths.get(role) for role in ("cbv", "mask", "seg")}
    return Examination("a", "sub-1", "", inputs, **rest, orientation=orientation)


def placement(root: Path, one: Examination) -> Placement:
    return place(one, read_headers(root, one))


@pytest.fixture(params=TURNED)
def affine_name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """T1 with its place, and a CBV map without one, both stored in the order of T1's axes."""
    name = str(request.param)
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES[name])
    without_codes(tmp_path / "cbv.nii.gz", image("t2"))
    return name


@pytest.mark.parametrize("role", ["cbv", "mask", "seg", "t1c"])
def test_a_file_without_orientation_beside_images_that_have_one_is_refused(tmp_path: Path, role: str) -> None:
    """nibabel's default placement mirrored such a map left to right, and training took it, Dice 0.961."""
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["RAS"])
    without_codes(tmp_path / f"{role}.nii.gz", image("t2"))
    with pytest.raises(VolumeError) as caught:
        read_aligned(tmp_path, examination(tmp_path, "t1", role))
    text = str(caught.value)
    assert text.startswith(f"sub-1: {role.upper()}: the header says neither where the image lies")
    assert "column orientation of the manifest, or --orientation of predict" in text
    assert text.endswith("T1 of this examination runs RAS.")


def test_nobody_reads_such_a_file_by_itself(tmp_path: Path) -> None:
    without_codes(tmp_path / "t1.nii.gz", image("t1"))
    with pytest.raises(VolumeError, match="could mirror left and right"):
        read_image(tmp_path, examination(tmp_path, "t1"), "t1")


def test_a_study_in_which_no_file_has_an_orientation_needs_the_statement_too(tmp_path: Path) -> None:
    for role in ("t1", "cbv"):
        without_codes(tmp_path / f"{role}.nii.gz", image("t1"))
    with pytest.raises(VolumeError, match=r"T1: the header says neither.*computed on\.$"):
        read_aligned(tmp_path, examination(tmp_path, "t1", "cbv"))


def test_as_stated_it_takes_the_place_of_the_image_of_its_size(tmp_path: Path, affine_name: str) -> None:
    one = examination(tmp_path, "t1", "cbv", orientation=TURNED[affine_name])
    found = placement(tmp_path, one)
    np.testing.assert_allclose(found.grids["cbv"].affine, found.grids["t1"].affine, atol=1e-9)
    (warning,) = found.warnings
    assert "sub-1: CBV has no position of its own" in warning
    assert f"run {TURNED[affine_name]}, and by its shape and voxel size it lies where T1 lies" in warning
    aligned = read_aligned(tmp_path, one)
    turned = nib.as_closest_canonical(nib.Nifti1Image(image("t2"), AFFINES[affine_name]))
    assert aligned.cbv is not None
    np.testing.assert_array_equal(aligned.cbv, turned.get_fdata(dtype=np.float32))


def test_as_stated_it_may_be_stored_in_another_order_than_the_image(tmp_path: Path) -> None:
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["LPS"])
    without_codes(tmp_path / "cbv.nii.gz", image("t2").transpose(2, 1, 0)[:, :, ::-1], (4.0, 2.0, 2.0))
    aligned = read_aligned(tmp_path, examination(tmp_path, "t1", "cbv", orientation="SPR"))
    assert aligned.cbv is not None
    np.testing.assert_array_equal(aligned.cbv, image("t2")[::-1, ::-1])
    np.testing.assert_array_equal(aligned.inputs[Sequence.T1], image("t1")[::-1, ::-1])


def test_where_no_file_has_a_place_all_lie_in_one_as_stated(tmp_path: Path) -> None:
    for role in ("t1", "cbv"):
        without_codes(tmp_path / f"{role}.nii.gz", image("t1"))
    one = examination(tmp_path, "t1", "cbv", orientation="LPS")
    found = placement(tmp_path, one)
    assert nib.aff2axcodes(found.grids["t1"].affine) == ("L", "P", "S")
    np.testing.assert_allclose(found.grids["t1"].centre_mm, 0, atol=1e-9)
    assert "all axes were taken to run LPS" in found.warnings[0]
    np.testing.assert_array_equal(read_aligned(tmp_path, one).inputs[Sequence.T1], image("t1")[::-1, ::-1])


def test_without_a_place_and_of_another_size_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["RAS"])
    without_codes(tmp_path / "cbv.nii.gz", image("t2"), (1.0, 1.0, 1.0))
    one = examination(tmp_path, "t1", "cbv", orientation="RAS")
    sizes = (
        r"20 x 18 x 8 voxels of 1 x 1 x 1 mm.*no image that has one \(T1 20 x 18 x 8 voxels of 2 x 2 x 4 mm"
    )
    with pytest.raises(GridError, match=f"sub-1: CBV .*{sizes}"):
        placement(tmp_path, one)
    without_codes(tmp_path / "t1.nii.gz", image("t1"))
    with pytest.raises(GridError, match=r"CBV has no position .*nor has T1, and their sizes differ"):
        placement(tmp_path, one)


def test_of_two_places_that_fit_none_is_chosen(tmp_path: Path) -> None:
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["RAS"])
    moved = AFFINES["RAS"].copy()
    moved[0, 3] += 5
    write(tmp_path / "t2.nii.gz", image("t2"), moved)
    without_codes(tmp_path / "cbv.nii.gz", image("t2"))
    with pytest.raises(GridError, match=r"could lie where T1 lies or where T2 lies"):
        placement(tmp_path, examination(tmp_path, "t1", "t2", "cbv", orientation="RAS"))


def test_a_statement_changes_nothing_where_the_files_speak(tmp_path: Path) -> None:
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["oblique"])
    one = examination(tmp_path, "t1", orientation="RAS")
    found = placement(tmp_path, one)
    assert found.warnings == ()
    np.testing.assert_allclose(found.grids["t1"].affine, AFFINES["oblique"], atol=1e-5)
    assert placement(tmp_path, replace(one, orientation="")).warnings == ()


def test_unit_voxels_without_orientation_are_no_metal_artefact(tmp_path: Path) -> None:
    """They made a grid of 1 mm, on which most of the brain had no CBV: "metal artefact"."""
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["RAS"])
    write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), AFFINES["RAS"])
    without_codes(tmp_path / "cbv.nii.gz", image("t2"), (1.0, 1.0, 1.0))
    for orientation in ("", "RAS"):
        one = examination(tmp_path, "t1", "cbv", "mask", orientation=orientation)
        survey = survey_examination(tmp_path, one, None)
        ((_, text),) = survey.problems
        assert "sform and qform codes are both 0" in text


def test_the_grid_in_ras_is_that_of_the_image(tmp_path: Path, affine_name: str) -> None:
    found = placement(tmp_path, examination(tmp_path, "t1", "cbv", orientation=TURNED[affine_name]))
    expected = canonical_grid(Grid(SHAPE, found.grids["t1"].affine))
    np.testing.assert_allclose(canonical_grid(found.grids["cbv"]).affine, expected.affine, atol=1e-9)
