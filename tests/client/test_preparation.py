"""From files and arrays to what a model is sent; what is left out and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.client.preparation import examination_of_files, prepare_arrays, prepare_files
from cbvsynth.client.preparation import prepare as client_prepare
from cbvsynth.client.request import PreparedExamination
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import BrainMask, Register
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence
from cbvsynth.errors import GridError, ManifestError, UsageError, VolumeError
from cbvsynth.extraction import BrainSettings
from cbvsynth.phantom.case import make_case
from cbvsynth.preprocessing.arrays import prepare_examination
from cbvsynth.records.storage import sha256_of
from tests.client.heads import AFFINES, PATIENT_NAME, SHAPE, SHAPES, brain, image, write, write_head
from tests.extraction.heads import head as whole_head
from tests.extraction.heads import program
from tests.registration.heads import brain_image, motion
from tests.tools import real_case


def prepare(files: dict[str, str], **options: Any) -> PreparedExamination:
    root, examination = examination_of_files({role: Path(path) for role, path in files.items()})
    return prepare_files(root, examination, **options)


@pytest.mark.parametrize("orientation", AFFINES)
def test_images_of_any_orientation_are_sent_in_ras_order(tmp_path: Path, orientation: str) -> None:
    prepared = prepare(write_head(tmp_path, "t1 adc", orientation))
    shape = SHAPES[orientation]
    for name in ("t1", "adc"):
        expected = nib.as_closest_canonical(nib.Nifti1Image(image(name, shape), AFFINES[orientation]))
        np.testing.assert_array_equal(prepared.inputs[Sequence(name)], expected.get_fdata(dtype=np.float32))
        assert prepared.inputs[Sequence(name)].flags.c_contiguous
    np.testing.assert_array_equal(prepared.in_place(prepared.inputs[Sequence.T1]), image("t1", shape))


def test_an_image_with_a_mask_needs_no_package_that_is_slow_to_import(tmp_path: Path) -> None:
    """SciPy's image functions, optimiser and spatial trees were imported for every map, half a second."""
    files = write_head(tmp_path, "t1c")
    mask = str(write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), AFFINES["RAS"]))
    code = (
        "import sys\n"
        "from cbvsynth.client import CbvClient\n"
        "from cbvsynth.client.preparation import prepare\n"
        f"prepare({files!r}, mask={mask!r})\n"
        "slow = {'scipy.ndimage', 'scipy.optimize', 'scipy.sparse', 'scipy.spatial', 'pydicom', 'PIL'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_images_stored_in_different_orientations_of_one_grid_are_one_examination(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    flipped = AFFINES["RAS"] @ np.array(
        [[-1, 0, 0, SHAPE[0] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]
    )
    files["t2"] = str(write(tmp_path / "t2.nii.gz", image("t2")[::-1], flipped))
    prepared = prepare(files, reference="t2")
    np.testing.assert_array_equal(prepared.inputs[Sequence.T2], image("t2"))
    np.testing.assert_array_equal(prepared.in_place(prepared.inputs[Sequence.T1]), image("t1")[::-1])


def test_the_model_is_sent_what_training_saw(tmp_path: Path) -> None:
    """The same files through preprocess and through the client: the same arrays, bit for bit."""
    affine = AFFINES["oblique"]
    write_head(tmp_path, "t1 t2 t1c flair", "oblique")
    write(tmp_path / "adc.nii.gz", image("adc") / np.float32(1e6), affine)
    write(tmp_path / "cbv.nii.gz", np.where(brain(), 3.0, 0.0).astype(np.float32), affine)
    write(tmp_path / "mask.nii.gz", np.roll(brain(), 1, axis=0).astype(np.uint8), affine)
    places = {sequence: PurePosixPath(f"{sequence}.nii.gz") for sequence in PAPER_SEQUENCES}
    examination = Examination(
        "one", "one", "", places, PurePosixPath("cbv.nii.gz"), PurePosixPath("mask.nii.gz")
    )
    trained = prepare_examination(tmp_path, examination, "")
    prepared = prepare_files(tmp_path, examination)
    assert prepared.adc_unit == trained.facts.adc_unit == "mm2/s"
    for sequence in PAPER_SEQUENCES:
        np.testing.assert_array_equal(prepared.inputs[sequence], trained.arrays[sequence.value])
    np.testing.assert_array_equal(prepared.mask, trained.arrays["mask"])


def test_a_mask_file_cuts_the_images_and_is_named_as_source(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    half = brain().copy()
    half[:10] = False
    files["mask"] = str(write(tmp_path / "mask.nii.gz", half.astype(np.uint8), AFFINES["RAS"]))
    prepared = prepare(files)
    assert prepared.mask_source == "file"
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1], np.where(half, image("t1"), 0))


def test_without_a_mask_the_images_must_be_skull_stripped(tmp_path: Path) -> None:
    assert prepare(write_head(tmp_path, "t1 t2")).mask_source == "support of T1, T2"
    whole = {"t1": str(write(tmp_path / "whole.nii.gz", image("t1") + 1, AFFINES["RAS"]))}
    with pytest.raises(VolumeError, match="strip the skull first"):
        prepare(whole, brain=BrainSettings(BrainMask.DERIVED))


@pytest.mark.parametrize(("factor", "unit"), [(1.0, "1e-6 mm2/s"), (1e-3, "1e-3 mm2/s"), (1e-6, "mm2/s")])
def test_adc_of_any_unit_is_sent_in_1e_6_mm2_per_s(tmp_path: Path, factor: float, unit: str) -> None:
    stored = (image("adc") * np.float32(factor)).astype(np.float32)
    prepared = prepare({"adc": str(write(tmp_path / "adc.nii", stored, AFFINES["RAS"]))})
    assert prepared.adc_unit == unit
    np.testing.assert_allclose(prepared.inputs[Sequence.ADC], image("adc"), rtol=1e-6)


def spoilt(name: str, kind: str) -> np.ndarray[Any, Any]:
    good = image(name)
    return {
        "nan": np.where(good > 890, np.nan, good),
        "infinite": np.where(good > 890, np.inf, good),
        "zero": np.zeros_like(good),
        "flat": np.where(brain(), np.float32(5.0), 0),
        "negative": -good,
        "z-scores": np.where(brain(), good - 2000, 0),
        "centred": np.where(brain(), good - np.median(good[brain()]), 0),
        "unit": good * np.float32(37.0),
    }[kind].astype(np.float32)


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("t1", "nan", "are NaN or infinite"),
        ("t1", "infinite", "are NaN or infinite"),
        ("t1", "zero", "constant in the brain (every voxel is 0)"),
        ("t2", "flat", "constant in the brain (every voxel is 5)"),
        ("t2", "negative", "no positive voxel in the brain"),
        ("flair", "z-scores", "expected raw intensities, not z-scores"),
        ("flair", "centred", "% of the brain; expected raw intensities, not z-scores"),
        ("adc", "unit", "fits no unit of ADC"),
        ("adc", "zero", "constant in the brain"),
    ],
)
def test_an_image_whose_voxels_cannot_serve_is_left_out_with_the_reason(
    tmp_path: Path, name: str, kind: str, reason: str
) -> None:
    files = write_head(tmp_path, "t1c")
    files["mask"] = str(write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), AFFINES["RAS"]))
    files[name] = str(write(tmp_path / f"{name}.nii.gz", spoilt(name, kind), AFFINES["RAS"]))
    prepared = prepare(files)
    assert list(prepared.inputs) == [Sequence.T1C]
    assert reason in prepared.left_out[Sequence(name)]
    others = [other for other in PAPER_SEQUENCES if other not in (name, "t1c")]
    assert {prepared.left_out[other] for other in others} == {"not given"}
    assert set(prepared.sha256 or {}) == {"t1c", "mask"}


@pytest.mark.parametrize("resample", [False, True])
def test_voxels_without_a_number_outside_the_brain_are_background_and_told(
    tmp_path: Path,
    resample: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """One NaN in the air left the image out of the prediction."""
    files = write_head(tmp_path, "t1")
    files["mask"] = str(write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), AFFINES["RAS"]))
    expected = prepare(files, resample=resample)
    holed = np.where(brain(), image("t1"), np.nan).astype(np.float32)
    files["t1"] = str(write(tmp_path / "t1.nii.gz", holed, AFFINES["RAS"]))
    prepared = prepare(files, resample=resample)
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1], expected.inputs[Sequence.T1])
    assert expected.warnings == ()
    assert any("T1: " in text and "none of them in the brain" in text for text in prepared.warnings)


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_an_image_that_cannot_serve_stops_no_other_by_its_grid(tmp_path: Path, value: float) -> None:
    """It was left out with its reason, and then all were refused, as they did not lie on its grid."""
    files = write_head(tmp_path, "t1 t1c")
    flat = np.full((10, 9, 4), value, np.float32)
    flat[3, 3, 2] = 0.0 if np.isnan(value) else value
    files["flair"] = str(write(tmp_path / "flair.nii.gz", flat, np.diag([4.0, 4.0, 8.0, 1.0])))
    prepared = prepare(files)
    assert list(prepared.inputs) == [Sequence.T1, Sequence.T1C]
    assert "constant in the brain" in prepared.left_out[Sequence.FLAIR]


def test_images_that_are_ruled_out_are_not_even_read(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    files["adc"] = str(tmp_path / "not-there.nii.gz")
    prepared = prepare(files, unusable=(Sequence.ADC,))
    assert prepared.left_out[Sequence.ADC] == "ruled out by --unusable"


def test_a_file_that_is_missing_is_a_slip_and_not_left_out_in_silence(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1") | {"adc": str(tmp_path / f"{PATIENT_NAME}.nii.gz")}
    with pytest.raises(VolumeError, match="input: ADC: the file does not exist") as caught:
        prepare(files)
    assert PATIENT_NAME not in str(caught.value)


def test_when_nothing_is_usable_every_reason_is_given(tmp_path: Path) -> None:
    flat = {"t1": str(write(tmp_path / "t1.nii.gz", spoilt("t1", "flat"), AFFINES["RAS"]))}
    with pytest.raises(VolumeError, match=r"no sequence is usable \(T1: constant.*T2: not given"):
        prepare(flat)
    nans = {"t1": str(write(tmp_path / "nan.nii.gz", spoilt("t1", "nan"), AFFINES["RAS"]))}
    with pytest.raises(VolumeError, match=r"no sequence is usable \(T1: .* NaN"):
        prepare(nans)


def moved(by_mm: float) -> np.ndarray[Any, Any]:
    affine = AFFINES["RAS"].copy()
    affine[0, 3] += by_mm
    return affine


def test_grids_may_differ_by_a_twentieth_of_a_voxel_and_by_no_more(tmp_path: Path) -> None:
    """A micrometre and a half was refused here, and preprocess interpolated where 0.01 mm lay between."""
    files = write_head(tmp_path, "t1")
    files["t2"] = str(write(tmp_path / "t2.nii.gz", image("t2"), moved(0.09)))
    prepared = prepare(files, register=Register.OFF)
    assert prepared.resampled == ()
    np.testing.assert_array_equal(prepared.inputs[Sequence.T2], image("t2"))
    files["t2"] = str(write(tmp_path / "t2.nii.gz", image("t2"), moved(0.11)))
    with pytest.raises(
        GridError,
        match=r"input: T2 lies up to 0.11 mm off \(0.055 voxels\), compared with T1.*--resample on",
    ):
        prepare(files, register=Register.OFF)


@pytest.mark.parametrize("by_mm", [0.0, 0.01, 0.09, 0.11, 1.0])
def test_preprocess_and_predict_agree_on_what_lies_on_the_grid(tmp_path: Path, by_mm: float) -> None:
    """At 0.01 mm one of them changed voxels by 0.9 %, and the other one refused the image."""
    write(tmp_path / "t1.nii.gz", image("t1"), AFFINES["RAS"])
    write(tmp_path / "t2.nii.gz", image("t2"), moved(by_mm))
    write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), AFFINES["RAS"])
    write(tmp_path / "cbv.nii.gz", np.where(brain(), 3.0, 0.0).astype(np.float32), AFFINES["RAS"])
    inputs = {name: PurePosixPath(f"{name}.nii.gz") for name in (Sequence.T1, Sequence.T2)}
    one = Examination("a", "a", "", inputs, PurePosixPath("cbv.nii.gz"), PurePosixPath("mask.nii.gz"))
    trained = prepare_examination(tmp_path, one, "")
    served = prepare_files(tmp_path, one, resample=True, register=Register.OFF)
    assert trained.facts.resampled == served.resampled == (("t2",) if by_mm > 0.1 else ())
    np.testing.assert_array_equal(served.inputs[Sequence.T2], trained.arrays["t2"])
    if by_mm <= 0.1:
        np.testing.assert_array_equal(prepare_files(tmp_path, one).inputs[Sequence.T2], trained.arrays["t2"])


def codeless(path: Path, data: np.ndarray[Any, Any]) -> str:
    """An image whose header says only how large its voxels are."""
    picture = nib.Nifti1Image(data, None)
    picture.header.set_zooms((2.0, 2.0, 4.0))
    picture.set_sform(None, 0)
    picture.set_qform(None, 0)
    nib.save(picture, path)
    return str(path)


def test_an_input_without_orientation_is_refused_and_taken_as_stated(tmp_path: Path) -> None:
    """It was fed to the model mirrored left to right, beside a T1 that was not."""
    files = write_head(tmp_path, "t1", "LPS")
    files["t1c"] = codeless(tmp_path / "t1c.nii.gz", image("t1c"))
    with pytest.raises(
        VolumeError, match=r"input: T1C: the header says neither.*T1 of this examination runs LPS"
    ):
        prepare(files)
    prepared = client_prepare(files, orientation="lps")
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1C], image("t1c")[::-1, ::-1])
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1], image("t1")[::-1, ::-1])
    (warning,) = prepared.warnings
    assert "T1C has no position of its own" in warning
    assert prepared.resampled == ()


@pytest.mark.parametrize("resample", [False, True])
def test_a_map_of_images_without_orientation_is_stored_as_they_are(tmp_path: Path, *, resample: bool) -> None:
    files = {name: codeless(tmp_path / f"{name}.nii.gz", image(name)) for name in ("t1", "t2")}
    prepared = client_prepare(files, orientation="LPS", resample=resample)
    np.testing.assert_array_equal(prepared.inputs[Sequence.T2], image("t2")[::-1, ::-1])
    np.testing.assert_array_equal(prepared.in_place(prepared.inputs[Sequence.T2]), image("t2"))
    assert prepared.placement is not None
    assert nib.aff2axcodes(prepared.placement.grid.affine) == ("L", "P", "S")


def test_an_orientation_that_is_none_is_refused(tmp_path: Path) -> None:
    for wrong in ("RA", "RAT", "RLS", "RASA"):
        with pytest.raises(UsageError, match=f"orientation is '{wrong}'; expected where the three axes run"):
            client_prepare(write_head(tmp_path, "t1"), orientation=wrong)
    with pytest.raises(UsageError, match="reference, resample, brain and orientation are for files"):
        client_prepare({"t1": image("t1")}, orientation="RAS")


def test_what_a_header_is_warned_of_reaches_the_record(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    picture = nib.load(files["t1"])
    picture.set_qform(moved(10), 1)
    nib.save(picture, tmp_path / "moved.nii.gz")
    (warning,) = prepare({"t1": str(tmp_path / "moved.nii.gz")}).warnings
    assert warning.startswith("input: T1: the header's sform and qform place the image up to 10 mm apart")


def test_another_shape_is_refused_with_both_named(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    files["t2"] = str(write(tmp_path / "t2.nii.gz", image("t2", (20, 18, 9)), AFFINES["RAS"]))
    with pytest.raises(GridError, match=r"has shape \(20, 18, 9\) in RAS order instead of \(20, 18, 8\)"):
        prepare(files, register=Register.OFF)


def test_a_mask_on_another_grid_is_refused(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    files["mask"] = str(write(tmp_path / "mask.nii.gz", brain().astype(np.uint8), moved(1.0)))
    with pytest.raises(GridError, match="input: MASK lies up to 1 mm off"):
        prepare(files)


def test_on_request_other_grids_are_resampled_as_preprocess_does(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    half_voxel = write(tmp_path / "t2.nii.gz", image("t2"), moved(1.0))
    files["t2"] = str(half_voxel)
    prepared = prepare(files, resample=True, register=Register.OFF)
    assert prepared.resampled == ("t2",)
    expected = (image("t2")[:-1] + image("t2")[1:]) / 2
    inner = prepared.mask[1:]
    np.testing.assert_allclose(prepared.inputs[Sequence.T2][1:][inner], expected[inner], rtol=1e-5)
    np.testing.assert_array_equal(prepared.inputs[Sequence.T1][brain()], image("t1")[brain()])


def test_resampling_does_not_hide_images_of_another_place(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    files["t2"] = str(write(tmp_path / "t2.nii.gz", image("t2"), moved(300.0)))
    with pytest.raises(GridError, match="does not show the same place"):
        prepare(files, resample=True, register=Register.OFF)


def test_a_reference_that_is_not_usable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the reference is 't2'.*\(t1\)"):
        prepare(write_head(tmp_path, "t1"), reference="t2")


def test_an_image_too_small_for_the_network_is_refused(tmp_path: Path) -> None:
    small = {"t1": str(write(tmp_path / "t1.nii.gz", image("t1", (15, 18, 8)), AFFINES["RAS"]))}
    with pytest.raises(VolumeError, match="15 x 18 voxels in plane; expected at least 16 x 16"):
        prepare(small)


def test_a_mask_that_is_empty_is_refused(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1")
    files["mask"] = str(write(tmp_path / "m.nii.gz", np.zeros(SHAPE, np.uint8), AFFINES["RAS"]))
    with pytest.raises(VolumeError, match="zero everywhere"):
        prepare(files)


def test_holes_in_adc_as_metal_leaves_them_are_warned_of(tmp_path: Path) -> None:
    holed = image("adc")
    holed[5:9, 5:12] = 0
    share = np.mean(holed[brain()] == 0)
    assert share > 0.03
    files = write_head(tmp_path, "t1") | {"adc": str(write(tmp_path / "adc.nii.gz", holed, AFFINES["RAS"]))}
    (warning,) = prepare(files).warnings
    assert f"ADC is 0 in {share:.0%} of the brain" in warning
    assert prepare(write_head(tmp_path, "t1 adc")).warnings == ()


@pytest.mark.parametrize(("factor", "told"), [(0.3, True), (0.6, False), (1.4, False), (1.6, True)])
def test_t2_in_the_place_of_adc_is_told_by_its_median(tmp_path: Path, factor: float, *, told: bool) -> None:
    """Whatever had a median of 100 to 5000 was taken for ADC; validate drops what is not 500 to 1500."""
    voxels = (image("adc") * np.float32(factor)).astype(np.float32)
    warnings = prepare({"adc": str(write(tmp_path / "adc.nii.gz", voxels, AFFINES["RAS"]))}).warnings
    assert [one.startswith("ADC has a median of") for one in warnings] == [True] * told


def test_digests_are_those_of_the_files_that_were_used(tmp_path: Path) -> None:
    files = write_head(tmp_path, "t1 t2")
    assert prepare(files).sha256 == {role: sha256_of(Path(path)) for role, path in files.items()}


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(UsageError, match="'swi' is not an input"):
        examination_of_files({"swi": Path("swi.nii.gz")})


def test_a_path_that_leaves_the_data_root_is_refused(tmp_path: Path) -> None:
    _, examination = examination_of_files({"t1": tmp_path / "t1.nii.gz"})
    outside = replace(examination, inputs={Sequence.T1: PurePosixPath("../t1.nii.gz")})
    with pytest.raises(ManifestError, match=r"contains '\.\.'"):
        prepare_files(tmp_path, outside)


def test_arrays_of_other_shapes_or_ranks_are_refused() -> None:
    with pytest.raises(GridError, match=r"t1 \(20, 18, 8\), mask \(20, 18, 9\)"):
        prepare_arrays({Sequence.T1: image("t1")}, brain((20, 18, 9)))
    with pytest.raises(VolumeError, match=r"T1 has shape \(20, 18\)"):
        prepare_arrays({Sequence.T1: image("t1")[:, :, 0]})
    with pytest.raises(VolumeError, match="zero everywhere"):
        prepare_arrays({Sequence.T1: image("t1")}, np.zeros(SHAPE))


def test_arrays_keep_their_order_of_axes_and_have_no_place() -> None:
    prepared = prepare_arrays({Sequence.T2: image("t2"), Sequence.T1: image("t1")}, unusable=(Sequence.T2,))
    assert prepared.placement is None
    assert prepared.left_out[Sequence.T2] == "ruled out by the caller"
    assert prepared.mask_source == "support of T1"
    assert prepared.in_place(image("t1")) is not None
    np.testing.assert_array_equal(prepared.in_place(image("t1")), image("t1"))


@pytest.mark.parametrize("kind", ["nan", "zero", "flat", "negative"])
def test_arrays_are_judged_by_the_same_rules(kind: str) -> None:
    arrays = {Sequence.T1: spoilt("t1", kind), Sequence.T2: image("t2")}
    prepared = prepare_arrays(arrays, brain())
    assert list(prepared.inputs) == [Sequence.T2]
    assert Sequence.T1 in prepared.left_out


def test_raw_images_are_moved_into_place_and_the_record_says_so(tmp_path: Path) -> None:
    """Images that a scanner took one after the other were refused, or resampled where their headers said."""
    truth = motion(4, 7.0, 5.0)
    files = {}
    for role in ("t1", "t2", "t1c"):
        head = brain_image(role)
        affine = truth @ head.affine if role == "t1c" else head.affine
        files[role] = str(write(tmp_path / f"{role}.nii.gz", head.data, affine))
    prepared = client_prepare(files)
    assert (prepared.register, prepared.moved, prepared.resampled) == ("rigid", ("t1c",), ("t1c",))
    assert prepared.displacements_mm["t1c"] > 5.0
    assert prepared.displacements_mm["t2"] < 1.0
    assert any("T1C lay" in warning for warning in prepared.warnings)
    np.testing.assert_array_equal(
        prepared.inputs[Sequence.T1], np.where(prepared.mask, brain_image("t1").data, 0)
    )
    still = np.where(prepared.mask, brain_image("t1c").data, 0.0)
    assert np.corrcoef(prepared.inputs[Sequence.T1C][prepared.mask], still[prepared.mask])[0, 1] > 0.97


def test_one_file_given_for_two_sequences_is_told(tmp_path: Path) -> None:
    """T1 in the place of T1C gave a map without a word; validate drops such an examination."""
    files = write_head(tmp_path, "t1 t2")
    (told,) = prepare({**files, "t1c": files["t1"]}).warnings
    assert told.startswith("T1 and T1C are the same image, voxel for voxel")


def test_two_sequences_given_under_each_other_s_name_are_told() -> None:
    """A map was made of T2-FLAIR as T2 without a word."""
    case = make_case(seed=5, patient=1, matrix=48)
    arrays = {name: image.astype(np.float32) for name, image in case.images.items()}
    names = {Sequence.T2: Sequence.FLAIR, Sequence.FLAIR: Sequence.T2}
    exchanged = {name: arrays[names.get(name, name)] for name in arrays}
    assert prepare_arrays(arrays, case.brain).warnings == ()
    (told,) = prepare_arrays(exchanged, case.brain).warnings
    assert told.startswith("input: T2 and T2-FLAIR seem to be exchanged")


def test_a_brain_beside_the_others_on_their_grid_is_told(tmp_path: Path) -> None:
    """Prepared images were sent as they are, one of them a centimetre off."""
    files = write_head(tmp_path, "t1 t2 t1c")
    write(tmp_path / "t1c.nii.gz", np.roll(image("t1c"), 2, axis=0), AFFINES["RAS"])
    (told,) = prepare(files).warnings
    assert "T1C is not 0 elsewhere than the brain mask" in told
    arrays = {"t1": image("t1"), "t1c": np.roll(image("t1c"), 2, axis=0)}
    assert any("T1C is not 0 elsewhere" in one for one in client_prepare(arrays, mask=brain()).warnings)


def test_registration_is_asked_for_by_one_of_three_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="register is 'affine'; expected one of off, check, rigid"):
        client_prepare(write_head(tmp_path, "t1"), register="affine")


@pytest.mark.slow
def test_a_real_examination_comes_to_one_grid() -> None:
    folder = real_case()
    files = {name: str(folder / f"{name}.nii.gz") for name in ("t1", "t2", "t1c", "flair")}
    prepared = client_prepare(files, mask=str(folder / "mask_of_t1c.nii.gz"))
    assert set(prepared.inputs) == {Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR}
    assert prepared.moved == ("t2", "t1c", "flair")
    assert all(5.0 < distance_mm < 30.0 for distance_mm in prepared.displacements_mm.values())
    # T1 and T1C have one grid and lie 8 mm apart: by the order alone the mask went with T1.
    assert any("MASK is taken as drawn on T1C" in warning for warning in prepared.warnings)


@pytest.mark.slow
def test_real_heads_of_one_grid_are_moved_though_a_mask_lies_beside_them() -> None:
    """They counted as prepared images, and T1C was used 8 mm beside T1 without a word."""
    folder = real_case()
    files = {name: str(folder / f"{name}.nii.gz") for name in ("t1", "t1c")}
    prepared = client_prepare(files, mask=str(folder / "mask_of_t1c.nii.gz"), register="rigid")
    assert prepared.moved == ("t1c",)
    assert 7.0 < prepared.displacements_mm["t1c"] < 10.0
    assert any("MASK is taken as drawn on T1C" in warning for warning in prepared.warnings)


def test_a_brain_found_in_a_head_is_the_same_in_training_and_in_serving(tmp_path: Path) -> None:
    """Heads with their skull were refused by both; a mask in a file had to come from elsewhere."""
    shown = whole_head()
    for name in ("t1", "t1c", "cbv"):
        voxels = shown.data / 100.0 if name == "cbv" else shown.data
        write(tmp_path / f"{name}.nii.gz", voxels.astype(np.float32), shown.affine)
    found = BrainSettings(command=program(tmp_path), picture=tmp_path / "pictures" / "e1.png")
    served = prepare({name: str(tmp_path / f"{name}.nii.gz") for name in ("t1", "t1c")}, brain=found)
    inputs = {Sequence(name): PurePosixPath(f"{name}.nii.gz") for name in ("t1", "t1c")}
    examination = Examination("e1", "s1", "", inputs, cbv=PurePosixPath("cbv.nii.gz"), target_unit="mL/100g")
    trained = prepare_examination(tmp_path, examination, "f", brain=found)
    np.testing.assert_array_equal(served.mask, trained.arrays["mask"])
    np.testing.assert_array_equal(served.inputs[Sequence.T1C], trained.arrays["t1c"])
    assert served.mask_source == trained.facts.mask_source
    assert served.mask_source.startswith("extracted by python")
    assert (tmp_path / "pictures" / "e1.png").is_file()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((20, 20, 8), np.float32), "every voxel is 0"),
        (np.random.default_rng(1).uniform(1, 9, (4, 4, 4)).astype(np.float32), "4 x 4 voxels in plane"),
    ],
)
def test_no_brain_is_looked_for_where_there_can_be_none(
    tmp_path: Path, values: np.ndarray, words: str
) -> None:
    """Such an image was given to ROBEX, whose own error with an address in memory was the message."""
    path = write(tmp_path / "t1.nii", values, np.eye(4))
    with pytest.raises(VolumeError, match=words):
        prepare({"t1": str(path)}, brain=BrainSettings(command="no-such-program {image} {mask}"))
