"""Rigid registration of brain MRI by several libraries, side by side: error, CPU time and memory.

    python benchmarks/registration.py [--kinds brains raw real] [--patients 2]
                                      [--libraries placed,cbvsynth,greedy,...]

Every sequence and the CBV map of phantom heads (stripped brains; raw heads with scalp, skull and noise) is
moved by a known motion of up to 10 mm and 10 degrees and found again from T1; on a real examination
(CBVSYNTH_REAL_CASE) each sequence is moved by a known motion on top of what cbvsynth finds first, which
flatters cbvsynth there. `cbvsynth` registers pairs, `placed` an examination as preprocess does. The error is
the mean distance, over the brain, between where a place was found and where it is. Each library runs in a
process of its own with one thread; one that is not installed is said to be missing. `python` may be named
for a library that needs other versions than ours: `--python ants=/some/venv/bin/python`.
`--cases FILE` keeps the drawn images for another run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Image = tuple[npt.NDArray[np.float32], Array]
"""Voxels (X, Y, Z) and their affine, (4, 4), to RAS mm."""
Case = dict[str, Any]
"""A pair of images: registration_cases.py."""
Function = Callable[[Image, Image], Array]
"""Moving and fixed image to the matrix from the fixed image's RAS mm to the moving one's."""

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
"""RAS to LPS and back."""
KINDS = ("brains", "raw", "real")
PLACED = "placed"
"""What `preprocess` does with an examination: all its images together."""
PACKAGES = {
    PLACED: "simpleitk",
    "cbvsynth": "simpleitk",
    "simpleitk": "simpleitk",
    "greedy": "picsl-greedy",
    "ants": "antspyx",
    "elastix": "itk-elastix",
    "dipy": "dipy",
}


def cbvsynth(moving: Image, fixed: Image) -> Array:
    """What this project does."""
    from cbvsynth.domain.geometry import to_canonical
    from cbvsynth.domain.volume import Volume
    from cbvsynth.registration import register

    return register(to_canonical(Volume(*moving)), to_canonical(Volume(*fixed))).matrix


def _itk_place(affine: Array) -> tuple[list[float], list[float], Array]:
    lps = FLIP @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    return lps[:3, 3].tolist(), spacing.tolist(), lps[:3, :3] / spacing


def _sitk_image(image: Image) -> object:
    import SimpleITK

    made = SimpleITK.GetImageFromArray(np.ascontiguousarray(image[0].transpose(2, 1, 0)))
    origin, spacing, direction = _itk_place(image[1])
    made.SetOrigin(origin)
    made.SetSpacing(spacing)
    made.SetDirection(direction.ravel().tolist())
    return made


def _from_lps(rotation: Array, centre: Array, shift: Array) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = shift + centre - rotation @ centre
    return FLIP @ matrix @ FLIP


def simpleitk(moving: Image, fixed: Image) -> Array:
    """SimpleITK as its examples use it: gradient descent on Mattes mutual information, three levels."""
    import SimpleITK as sitk  # noqa: N813  the library's own short name

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    one, other = _sitk_image(fixed), _sitk_image(moving)
    start = sitk.CenteredTransformInitializer(
        one, other, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    start.SetTranslation((0.0, 0.0, 0.0))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.05, seed=1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(1.0, 100, 1e-6, 10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(one, other)
    return _from_lps(
        np.array(start.GetMatrix()).reshape(3, 3),
        np.array(start.GetCenter()),
        np.array(start.GetTranslation()),
    )


def greedy(moving: Image, fixed: Image) -> Array:
    """picsl_greedy: normalised mutual information, three levels, starting from the headers."""
    from picsl_greedy import Greedy3D

    program = Greedy3D()
    command = "-d 3 -a -dof 6 -m NMI -i F M -o found -n 100x50x20 -ia-identity -threads 1 -V 0"
    program.execute(command, F=_sitk_image(fixed), M=_sitk_image(moving), found=None)
    return np.asarray(program["found"], np.float64)


def ants(moving: Image, fixed: Image) -> Array:
    """antspyx: its preset 'Rigid' (Mattes mutual information)."""
    import ants as library

    def made(image: Image) -> object:
        origin, spacing, direction = _itk_place(image[1])
        return library.from_numpy(image[0], origin=origin, spacing=spacing, direction=direction)

    found = library.registration(
        made(fixed), made(moving), "Rigid", initial_transform="Identity", random_seed=1, singleprecision=False
    )
    transform = library.read_transform(found["fwdtransforms"][0])
    numbers = np.array(transform.parameters)
    return _from_lps(numbers[:9].reshape(3, 3), np.array(transform.fixed_parameters), numbers[9:])


def elastix(moving: Image, fixed: Image) -> Array:
    """itk-elastix: its default parameter map 'rigid' (Mattes mutual information), four levels."""
    import itk

    def made(image: Image) -> object:
        one = itk.image_view_from_array(np.ascontiguousarray(image[0].transpose(2, 1, 0)))
        origin, spacing, direction = _itk_place(image[1])
        one.SetOrigin(origin)
        one.SetSpacing(spacing)
        one.SetDirection(itk.matrix_from_array(direction))
        return one

    settings = itk.ParameterObject.New()
    rigid = settings.GetDefaultParameterMap("rigid", 4)
    rigid["AutomaticTransformInitialization"] = ["false"]
    rigid["RandomSeed"] = ["1"]
    settings.AddParameterMap(rigid)
    _, result = itk.elastix_registration_method(
        made(fixed), made(moving), parameter_object=settings, number_of_threads=1, log_to_console=False
    )
    numbers = np.array(result.GetParameterMap(0)["TransformParameters"], np.float64)
    centre = np.array(result.GetParameterMap(0)["CenterOfRotationPoint"], np.float64)
    x, y, z = numbers[:3]
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return _from_lps(about_z @ about_x @ about_y, centre, numbers[3:])


def dipy(moving: Image, fixed: Image) -> Array:
    """dipy: its workflow of centre of mass, shift and rigid motion with its defaults, mutual information."""
    from dipy.align import affine_registration

    steps = ["center_of_mass", "translation", "rigid"]
    _, found = affine_registration(
        moving[0], fixed[0], moving_affine=moving[1], static_affine=fixed[1], pipeline=steps
    )
    return np.asarray(found, np.float64)


LIBRARIES: dict[str, Function] = {
    one.__name__: one for one in (cbvsynth, simpleitk, greedy, ants, elastix, dipy)
}


def keep(cases: list[Case], file: Path) -> None:
    """Write pairs one after another, so that a process holds one examination at a time."""
    with file.open("wb") as stream:
        for case in cases:
            pickle.dump(case, stream)


def kept(file: Path) -> Iterator[Case]:
    """The pairs that `keep` wrote."""
    with file.open("rb") as stream:
        while stream.peek(1):
            yield pickle.load(stream)


def results(library: str, cases: Iterator[Case]) -> Iterator[tuple[Case, Array, float, str]]:
    """Of each pair what was found, the CPU seconds, and the name of what a library raised."""
    if library == PLACED:
        for _, group in itertools.groupby(cases, lambda case: case["examination"]):
            yield from placed(list(group))
        return
    for case in cases:
        started = time.process_time()
        try:
            found, fault = LIBRARIES[library](case["moving"], case["fixed"]), ""
        except Exception as error:  # noqa: BLE001  whatever a library raises is its result
            found, fault = np.eye(4), type(error).__name__
        yield case, found, time.process_time() - started, fault


def placed(cases: list[Case]) -> Iterator[tuple[Case, Array, float, str]]:
    """One examination as `preprocess` places it: what lies nearer than 1 mm stays."""
    from pathlib import PurePosixPath

    from cbvsynth.domain.examination import Examination
    from cbvsynth.domain.options import Register
    from cbvsynth.domain.sequences import Sequence
    from cbvsynth.domain.volume import Volume
    from cbvsynth.registration import place_images

    stored = {"t1": Volume(*cases[0]["fixed"])} | {case["role"]: Volume(*case["moving"]) for case in cases}
    paths = {role: PurePosixPath(f"{role}.nii") for role in stored}
    sequences = {Sequence(role): path for role, path in paths.items() if role in set(Sequence)}
    examination = Examination("e", "sub-1", "ses-1", sequences, cbv=paths.get("cbv"))
    started = time.process_time()
    moves = place_images(examination, stored, "t1", Register.RIGID).moves
    seconds = (time.process_time() - started) / len(cases)
    for case in cases:
        yield case, np.linalg.inv(moves.get(case["role"], np.eye(4))), seconds, ""


def measure(library: str, cases_file: Path) -> None:
    """In a process of its own: print a line of JSON for each case, and the memory at last."""
    for case, found, seconds, fault in results(library, kept(cases_file)):
        change = found - case["truth"]
        error_mm = np.linalg.norm(case["points"] @ change[:3, :3].T + change[:3, 3], axis=1).mean()
        row = {
            "kind": case["kind"],
            "role": case["role"],
            "error_mm": float(error_mm),
            "cpu_s": seconds,
            "fault": fault,
        }
        print("ROW" + json.dumps(row), flush=True)
    print("MEMORY" + str(most_memory_mb()), flush=True)


def most_memory_mb() -> int:
    """The most that this process has held, MB; getrusage would tell what its parent held, too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def licence_of(python: str, package: str) -> str:
    """Version and licence by the installed package's own metadata; empty where it is not installed."""
    code = (
        "import importlib.metadata as m, sys; d = m.metadata(sys.argv[1]); "
        "words = (d.get('License-Expression') or d['License'] or '?').strip(); "
        "print(d['Version'], words.splitlines()[0].strip(), sep=', ')"
    )
    shown = subprocess.run([python, "-c", code, package], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def main() -> None:
    """Run every library on every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--patients", type=int, default=2)
    parser.add_argument("--seed", type=int, default=11, help="of the raw heads")
    parser.add_argument("--cases", type=Path, help="kept here, or read where it exists")
    parser.add_argument("--each", action="store_true", help="print each pair, too")
    parser.add_argument("--libraries", default=",".join((PLACED, *LIBRARIES)))
    parser.add_argument("--python", action="append", default=[], help="NAME=PATH of a library's own Python")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure[0], Path(given.measure[1]))
        return
    pythons = dict(pair.split("=", 1) for pair in given.python)
    with tempfile.TemporaryDirectory() as folder:
        cases_file = given.cases or Path(folder) / "cases.pkl"
        if not cases_file.is_file():
            # Only here: a library's own environment, which runs this file too, cannot draw.
            from registration_cases import cases_of

            keep(cases_of(given.kinds, given.patients, given.seed), cases_file)
        print("| library | images | median mm | largest mm | below 1 mm | CPU s | MB | version, licence |")
        print("|---|---|---|---|---|---|---|---|")
        for library in given.libraries.split(","):
            python = pythons.get(library, sys.executable)
            licence = licence_of(python, PACKAGES[library])
            if not licence:
                print(f"| {library} | not installed | | | | | | |")
                continue
            threads = dict.fromkeys(("OMP_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"), "1")
            done = subprocess.run(
                [python, __file__, "--measure", library, str(cases_file)],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | threads,
            )
            _print_rows(library, done.stdout, licence, each=given.each)


def _print_rows(library: str, output: str, licence: str, *, each: bool) -> None:
    rows = [json.loads(line[3:]) for line in output.splitlines() if line.startswith("ROW")]
    for row in rows if each else ():
        found = f"{row['error_mm']:.2f} mm, {row['cpu_s']:.1f} CPU s {row['fault']}"
        print(f"  {row['kind']}: {row['role']} {found}")
    memory = next((line[6:] for line in output.splitlines() if line.startswith("MEMORY")), "died")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        errors = np.array([row["error_mm"] for row in rows if row["kind"] == kind])
        seconds = np.median([row["cpu_s"] for row in rows if row["kind"] == kind])
        faults = sum(bool(row["fault"]) for row in rows if row["kind"] == kind)
        words = f"{kind} ({len(errors)}" + (f", {faults} gave up)" if faults else ")")
        print(
            f"| {library} | {words} | {np.median(errors):.2f} | {errors.max():.2f} "
            f"| {np.mean(errors < 1):.0%} | {seconds:.2f} | {memory} | {licence} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
