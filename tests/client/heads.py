"""Small skull-stripped heads as NIfTI files, in any orientation, with planted names."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Sequence

PATIENT_NAME = "MUELLER_HANNELORE"
SHAPE = (20, 18, 8)

AFFINES = {
    "RAS": np.array([[2.0, 0, 0, -20], [0, 2.0, 0, -18], [0, 0, 4.0, -16], [0, 0, 0, 1]]),
    "LPS": np.array([[-2.0, 0, 0, 20], [0, -2.0, 0, 18], [0, 0, 4.0, -16], [0, 0, 0, 1]]),
    "permuted": np.array([[0, 0, 2.0, -20], [-2.0, 0, 0, 18], [0, 4.0, 0, -16], [0, 0, 0, 1]]),
}


def oblique() -> npt.NDArray[np.float64]:
    """LPS axes, turned by 20 degrees about x and 10 about z."""
    a, b = np.radians((20.0, 10.0))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    affine = AFFINES["LPS"].copy()
    affine[:3, :3] = about_z @ about_x @ affine[:3, :3]
    return affine


AFFINES["oblique"] = oblique()

SHAPES = {**dict.fromkeys(AFFINES, SHAPE), "permuted": (18, 8, 20)}
"""Shape of the file, by orientation: in RAS order it is always `SHAPE`."""


def brain(shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.bool_]:
    axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    return np.asarray(axes[0] ** 2 + axes[1] ** 2 + 0.5 * axes[2] ** 2 < 0.9)


def image(sequence: str, shape: tuple[int, int, int] = SHAPE) -> npt.NDArray[np.float32]:
    """Random tissue inside the brain, 0 outside; ADC in 1e-6 mm2/s."""
    rng = np.random.default_rng(list(Sequence).index(Sequence(sequence)))
    values = rng.uniform(600, 1400, shape) if sequence == "adc" else rng.uniform(100, 900, shape)
    return np.where(brain(shape), values, 0).astype(np.float32)


def write(
    path: Path,
    data: npt.NDArray[np.generic],
    affine: npt.NDArray[np.float64],
    codes: tuple[int, int] = (1, 1),
) -> Path:
    """Write with nibabel, the way a scanner's export may look: a name in every text of the header."""
    picture = nib.Nifti1Image(data, affine)
    picture.header.set_xyzt_units("mm")
    picture.set_sform(affine, code=codes[0])
    picture.set_qform(affine, code=codes[1])
    for text, length in (("descrip", 79), ("db_name", 17), ("intent_name", 15), ("aux_file", 23)):
        picture.header[text] = PATIENT_NAME[:length].encode()
    picture.header.extensions.append(nib.nifti1.Nifti1Extension("comment", PATIENT_NAME.encode()))
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(picture, path)
    return path


def write_head(folder: Path, sequences: str, affine_name: str = "RAS") -> dict[str, str]:
    """Files of a head, by sequence; `sequences` as in "t1 t2 adc"."""
    affine, shape = AFFINES[affine_name], SHAPES[affine_name]
    return {
        name: str(write(folder / f"{name}.nii.gz", image(name, shape), affine)) for name in sequences.split()
    }
