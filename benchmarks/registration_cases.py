"""Pairs of images whose true place is known, for benchmarks/registration.py: brains, raw and real heads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Image = tuple[npt.NDArray[np.float32], Array]
"""Voxels (X, Y, Z) and their affine, (4, 4), to RAS mm."""
ROLES = ("t2", "t1c", "flair", "adc", "cbv")


def cases_of(kinds: list[str], patients: int, seed: int) -> list[dict[str, Any]]:
    """All pairs of some kinds: `brains`, `raw`, `real`."""
    cases = phantom_cases(patients) if "brains" in kinds else []
    cases += raw_cases(patients, seed) if "raw" in kinds else []
    return cases + (real_cases() if "real" in kinds else [])


def motion(rng: np.random.Generator, middle_mm: Array) -> Array:
    """A rigid motion of up to 10 mm and 10 degrees about a place: (4, 4), RAS mm."""
    from scipy.spatial.transform import Rotation

    axis, direction = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(axis * np.deg2rad(rng.uniform(2, 10))).as_matrix()
    matrix[:3, 3] = middle_mm + direction * rng.uniform(2, 10) - matrix[:3, :3] @ middle_mm
    return matrix


def raw_cases(patients: int, seed: int) -> list[dict[str, Any]]:
    """Every image of raw heads beside T1, each on slices of its own, off by up to 10 mm and 10 degrees.

    Of three patients two have axial slices and one mixed ones; every fourth has slabs of ADC and CBV.
    """
    from cbvsynth.phantom.raw.case import raw_case
    from cbvsynth.phantom.raw.protocol import Coverage, RawSettings, Slices
    from cbvsynth.phantom.tissues import Diagnosis

    cases: list[dict[str, Any]] = []
    for patient in range(1, patients + 1):
        settings = RawSettings(
            orientations=Slices.MIXED if patient % 3 == 0 else Slices.AXIAL,
            coverage=Coverage.PARTIAL if patient % 4 == 2 else Coverage.WHOLE,
        )
        diagnosis = list(Diagnosis)[patient % 5]
        images = raw_case(seed=seed, patient=patient, diagnosis=diagnosis, settings=settings).images
        fixed = images["t1"]
        still = (fixed.voxels.astype(np.float32), fixed.affine)
        points = np.argwhere(fixed.brain)[::7] @ fixed.affine[:3, :3].T + fixed.affine[:3, 3]
        for role in ROLES:
            moving = images[role]
            cases.append(
                {
                    "kind": "raw, mixed slices" if settings.orientations is Slices.MIXED else "raw, axial",
                    "examination": f"raw {patient}",
                    "role": role,
                    "fixed": still,
                    "moving": (moving.voxels.astype(np.float32), moving.affine),
                    "truth": np.linalg.inv(moving.to_t1),
                    "points": points,
                }
            )
    return cases


def phantom_cases(patients: int) -> list[dict[str, Any]]:
    """T1 and the other images of skull-stripped heads: the demo's grid, and thick slices of 256 x 256 x 20.

    The thick ones are drawn finely and cut into slices after the head has moved, as a scanner cuts them.
    """
    from cbvsynth.domain.geometry import Grid
    from cbvsynth.domain.resampling import resample
    from cbvsynth.domain.volume import Volume
    from cbvsynth.phantom.case import make_case
    from cbvsynth.phantom.tissues import Diagnosis

    rng, cases = np.random.default_rng(1), []
    for kind, matrix, slices in (("64x64x8", 64, 8), ("256x256x20", 128, 48)):
        for patient in range(1, patients + 1):
            case = make_case(
                seed=7, patient=patient, matrix=matrix, slices=slices, diagnosis=list(Diagnosis)[patient % 5]
            )
            affine = np.diag([*case.spacing_mm, 1.0])
            affine[:3, 3] = case.origin_mm
            points = np.argwhere(case.brain) @ affine[:3, :3].T + affine[:3, 3]
            images = {name.value: values * case.brain for name, values in case.images.items()}
            images["cbv"] = case.cbv
            thick = np.diag([220 / 256, 220 / 256, 4.8, 1.0])
            thick[:3, 3] = affine[:3, 3] + np.array([-0.43, -0.43, 1.4])
            for role, values in images.items():
                truth = np.eye(4) if role == "t1" else motion(rng, points.mean(axis=0))
                moved = Volume(values.astype(np.float32), truth @ affine)
                shown = moved if matrix == 64 else resample(moved, Grid((256, 256, 20), thick))
                image = (shown.data, shown.affine)
                if role == "t1":
                    fixed = image
                else:
                    cases.append(
                        {
                            "kind": kind,
                            "examination": f"{kind} {patient}",
                            "role": role,
                            "fixed": fixed,
                            "moving": image,
                            "truth": truth,
                            "points": points,
                        }
                    )
    return cases


def real_cases() -> list[dict[str, Any]]:
    """The real examination, each sequence moved twice on top of what is found first; none without it."""
    named = os.environ.get("CBVSYNTH_REAL_CASE", "")
    if not named:
        print("CBVSYNTH_REAL_CASE names no real examination: phantoms only")
        return []
    import nibabel as nib

    from cbvsynth.domain.volume import Volume
    from cbvsynth.registration import register

    def read(name: str) -> Image:
        stored = nib.load(Path(named) / f"{name}.nii.gz")
        return np.asarray(stored.dataobj, np.float32), np.asarray(stored.affine)

    fixed, (brain, affine) = read("t1"), read("mask_of_t1c")
    points = np.argwhere(brain > 0) @ affine[:3, :3].T + affine[:3, 3]
    rng, cases = np.random.default_rng(2), []
    for role in ("t2", "t1c", "flair"):
        voxels, place = read(role)
        first = register(Volume(voxels, place), Volume(*fixed)).matrix
        at_home = np.linalg.inv(first) @ place
        for turn in range(2):
            truth = motion(rng, points.mean(axis=0))
            cases.append(
                {
                    "kind": "real",
                    "examination": f"real {turn}",
                    "role": role,
                    "fixed": fixed,
                    "moving": (voxels, truth @ at_home),
                    "truth": truth,
                    "points": points,
                }
            )
    return sorted(cases, key=lambda case: str(case["examination"]))
