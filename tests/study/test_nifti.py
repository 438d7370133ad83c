"""Images come back as they were written, in the right place, and nothing else comes along."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path, PurePosixPath

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.study.nifti import read_header, read_image, read_volume, write_volume
from tests.study.nifti_files import LABEL, save

OBLIQUE = np.array(
    [[-0.68, 0.05, 0.1, 90.0], [0.04, 0.66, 0.6, -120.0], [0.02, -0.14, 2.9, -40.0], [0, 0, 0, 1.0]]
)


def _volume(affine: np.ndarray = OBLIQUE) -> Volume:
    rng = np.random.default_rng(3)
    return Volume(rng.normal(size=(5, 4, 3)).astype(np.float32), affine)


@pytest.mark.parametrize("name", ["map.nii", "map.nii.gz"])
def test_a_written_volume_reads_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    volume = _volume()
    write_volume(tmp_path / name, volume, unit_note="CBV mL/100 g")
    back = read_volume(tmp_path / name, LABEL)
    assert back.data.dtype == np.float32
    np.testing.assert_array_equal(back.data, volume.data)
    np.testing.assert_allclose(back.affine, OBLIQUE, rtol=1e-6)


def test_nibabel_reads_what_is_written_with_the_same_voxels_affine_codes_and_note(tmp_path: Path) -> None:
    volume = _volume(np.diag([-2.0, 2.0, 3.0, 1.0]))
    write_volume(tmp_path / "map.nii.gz", volume, unit_note="CBV mL/100 g", sform_code=2, qform_code=1)
    image = nib.load(tmp_path / "map.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj), volume.data)
    np.testing.assert_allclose(image.affine, volume.affine)
    np.testing.assert_allclose(image.header.get_qform(), volume.affine, atol=1e-6)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (2, 1)
    assert bytes(image.header["descrip"]).rstrip(b"\0") == b"CBV mL/100 g"
    assert image.header.get_xyzt_units()[0] == "mm"
    assert nib.aff2axcodes(image.affine) == ("L", "A", "S")


def test_a_sheared_affine_is_kept_in_the_sform_and_the_qform_says_that_it_is_not_given(
    tmp_path: Path,
) -> None:
    sheared = np.array([[1.0, 0.5, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]])
    write_volume(tmp_path / "map.nii", _volume(sheared))
    header = read_header(tmp_path / "map.nii", LABEL)
    assert (header.sform_code, header.qform_code) == (1, 0)
    np.testing.assert_allclose(header.affine, sheared)


def test_the_same_volume_gives_the_same_bytes_without_name_or_time(tmp_path: Path) -> None:
    write_volume(tmp_path / "one.nii.gz", _volume())
    write_volume(tmp_path / "two.nii.gz", _volume())
    first = (tmp_path / "one.nii.gz").read_bytes()
    assert first == (tmp_path / "two.nii.gz").read_bytes()
    assert first[3:8] == bytes(5)  # no file name flag, time 0


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "<i2", ">i2", "u2", "i4", "u4", "i8", "u8", "<f4", ">f4", "f8"]
)
def test_every_number_type_and_byte_order_is_read_as_nibabel_reads_it(tmp_path: Path, dtype: str) -> None:
    data = np.arange(24).reshape(2, 3, 4).astype(dtype)
    kind = np.dtype(dtype)
    order = ">" if kind.byteorder == ">" else "<"
    image = nib.Nifti1Image(data, np.eye(4), nib.Nifti1Header(endianness=order), dtype=kind)
    nib.save(image, tmp_path / "a.nii")
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii", LABEL).data, data.astype(np.float32))


def test_slope_and_intercept_are_applied_and_a_slope_of_zero_or_nan_means_none(tmp_path: Path) -> None:
    data = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    path = save(tmp_path / "a.nii", data)
    for slope, intercept, expected in [
        (0.5, -3.0, data * 0.5 - 3.0),
        (0.0, 7.0, data),
        (float("nan"), float("nan"), data),
    ]:
        content = bytearray(path.read_bytes())
        content[112:120] = np.array([slope, intercept], dtype="<f4").tobytes()
        path.write_bytes(content)
        np.testing.assert_array_equal(read_volume(path, LABEL).data, np.asarray(expected, dtype=np.float32))


def test_the_mni_template_passes_through_with_its_place_in_space(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("nilearn")
    assert spec is not None
    assert spec.origin is not None
    template = next(Path(spec.origin).parent.rglob("mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"))
    volume = read_volume(template, "template: T1")
    assert volume.shape == (197, 233, 189)
    np.testing.assert_array_equal(volume.affine, nib.load(template).affine)
    np.testing.assert_allclose(volume.data, nib.load(template).get_fdata(dtype=np.float32), rtol=1e-6)
    write_volume(tmp_path / "copy.nii", volume)
    back = read_volume(tmp_path / "copy.nii", "template: T1")
    np.testing.assert_array_equal(back.affine, volume.affine)
    np.testing.assert_array_equal(back.data, volume.data)


@settings(max_examples=25)
@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    spacing=st.tuples(*[st.floats(0.125, 10, width=32)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_and_spacing_survives(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int, int],
    spacing: tuple[float, ...],
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.nii.gz"
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    write_volume(path, Volume(data, np.diag([*spacing, 1.0])))
    back = read_volume(path, LABEL)
    np.testing.assert_array_equal(back.data, data)
    assert back.spacing_mm == pytest.approx(spacing, rel=1e-6)


def test_a_scale_of_the_manifest_is_applied_to_the_image_it_names(tmp_path: Path) -> None:
    write_volume(tmp_path / "trace.nii.gz", Volume(np.full((2, 2, 2), 2400.0), np.eye(4)))
    paths = {Sequence.ADC: PurePosixPath("trace.nii.gz"), Sequence.T1: PurePosixPath("trace.nii.gz")}
    examination = Examination("a", "sub-1", "ses-1", paths, scales={"adc": 1.0 / 3.0})
    np.testing.assert_allclose(read_image(tmp_path, examination, "adc").data, 800.0)
    np.testing.assert_allclose(read_image(tmp_path, examination, "t1").data, 2400.0)
    with pytest.raises(VolumeError, match="sub-1/ses-1: CBV: the manifest names no such image"):
        read_image(tmp_path, examination, "cbv")


@pytest.mark.parametrize(
    ("name", "volume", "note", "message"),
    [
        ("map.mgz", _volume(), "", "not a NIfTI name"),
        ("map.nii", Volume(np.full((2, 2, 2), np.nan), np.eye(4)), "", "NaN or infinite"),
        ("map.nii", Volume(np.zeros((40000, 1, 1)), np.eye(4)), "", "at most 32767"),
        ("map.nii", _volume(), "x" * 80, "79 ASCII"),
        ("map.nii", _volume(), "mm²/s", "79 ASCII"),
    ],
)
def test_what_cannot_be_written_well_is_not_written(
    tmp_path: Path, name: str, volume: Volume, note: str, message: str
) -> None:
    with pytest.raises(VolumeError, match=message):
        write_volume(tmp_path / name, volume, unit_note=note)
    assert list(tmp_path.iterdir()) == []


def test_a_patients_name_in_any_header_field_reaches_no_output_and_no_error(tmp_path: Path) -> None:
    name = b"MUELLER^HANNELORE"
    for index, value in enumerate([1.0, np.nan]):
        data = np.full((3, 3, 3), value, dtype=np.float32)
        image = nib.Nifti1Image(data, np.eye(4))
        for field in ("descrip", "db_name", "intent_name", "aux_file"):
            image.header[field] = name[:16]
        image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", name))
        nib.save(image, tmp_path / f"{index}.nii.gz")
        assert name in gzip.decompress((tmp_path / f"{index}.nii.gz").read_bytes())
    write_volume(tmp_path / "out.nii.gz", read_volume(tmp_path / "0.nii.gz", LABEL), unit_note="CBV mL/100 g")
    written = gzip.decompress((tmp_path / "out.nii.gz").read_bytes())
    assert b"MUELLER" not in written
    assert b"HANNELORE" not in written
    assert b"MUELLER" not in repr(read_header(tmp_path / "0.nii.gz", LABEL)).encode()
    with pytest.raises(VolumeError, match="27 of 27 voxels are NaN") as caught:
        read_volume(tmp_path / "1.nii.gz", LABEL)
    assert "MUELLER" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "affine", "message"),
    [
        (np.zeros((2, 2)), np.eye(4), "three dimensions"),
        (np.zeros((2, 0, 2)), np.eye(4), "none empty"),
        (np.zeros((2, 2, 2)), np.eye(3), r"has shape \(3, 3\)"),
        (np.zeros((2, 2, 2)), np.diag([1.0, 1.0, np.inf, 1.0]), "not finite"),
        (np.zeros((2, 2, 2)), np.diag([1.0, 0.0, 1.0, 1.0]), "voxel size of zero"),
        (np.zeros((2, 2, 2)), np.diag([1.0, 1.0, 1.0, 2.0]), "last row"),
        (
            np.zeros((2, 2, 2)),
            np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            "singular",
        ),
    ],
)
def test_a_volume_without_voxels_or_place_cannot_exist(
    data: np.ndarray, affine: np.ndarray, message: str
) -> None:
    with pytest.raises(VolumeError, match=message):
        Volume(data, affine)
