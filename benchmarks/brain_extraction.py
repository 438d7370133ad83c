"""Ways to find the brain in a head, side by side, none of which downloads anything when it runs.

    python benchmarks/brain_extraction.py t1.nii.gz --mask mask.nii.gz [--drawn_on t1c.nii.gz]
    python benchmarks/brain_extraction.py --phantoms 3 [--role t1c]
    python benchmarks/brain_extraction.py t1.nii.gz --mask mask.nii.gz --command 'hd-bet -i {image} -o {mask}'

Prints for each candidate the overlap (Dice) with the mask, both volumes, CPU seconds and the most memory
held. A mask that was drawn on another image of the head is moved into place first. Each candidate runs in a
process of its own; one that is not installed is said. The phantom's brain comes from the template that
`template` uses: it is flattered there. docs/decisions/0062 and 0136 hold what was measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from cbvsynth import registration
from cbvsynth.domain.geometry import Grid, to_canonical
from cbvsynth.domain.resampling import resample_labels
from cbvsynth.domain.volume import Volume
from cbvsynth.study.nifti import read_volume, write_volume

CANDIDATES = ("deepbet", "robex", "template-affine", "template-deformed", "command")


def main() -> int:
    """Run the candidates on one head or on phantoms."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image", nargs="?", type=Path)
    parser.add_argument("--mask", type=Path)
    parser.add_argument("--drawn_on", type=Path, help="the image that the mask was drawn on")
    parser.add_argument("--phantoms", type=int, default=0)
    parser.add_argument("--role", default="t1", help="which image of a phantom")
    parser.add_argument("--command", default="")
    parser.add_argument("--only", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    parser.add_argument("--find", choices=CANDIDATES, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.find:
        return find(flags.find, flags.image, flags.out, flags.command)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heads = [(flags.image, flags.mask)] if flags.image else phantoms(folder, flags.phantoms, flags.role)
        for image, mask in heads:
            print(f"{image.name}")
            expected = mask_in_place(image, mask, flags.drawn_on)
            for candidate in flags.only:
                run(candidate, image, expected, folder, flags.command)
    return 0


def run(candidate: str, image: Path, expected: Volume, folder: Path, command: str) -> None:
    """One candidate in a process of its own, and its row."""
    if candidate == "command" and not command:
        print("  command            not asked for: give --command")
        return
    out = folder / "found.nii.gz"
    out.unlink(missing_ok=True)
    words = [sys.executable, __file__, str(image), "--find", candidate, "--out", str(out)]
    process = subprocess.Popen([*words, "--command", command], stderr=subprocess.PIPE, text=True)
    said = process.stderr.read() if process.stderr else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status or not out.is_file():
        print(f"  {candidate:<18} did not run: {(said.strip().splitlines() or ['it said nothing'])[-1]}")
        return
    found, truth = to_canonical(read_volume(out, "found")).data > 0, expected.data > 0
    voxel_ml = abs(np.linalg.det(expected.affine[:3, :3])) / 1000
    dice = 2 * (found & truth).sum() / (found.sum() + truth.sum())
    print(
        f"  {candidate:<18} Dice {dice:.3f}  {found.sum() * voxel_ml:5.0f} mL of "
        f"{truth.sum() * voxel_ml:5.0f}  {usage.ru_utime + usage.ru_stime:6.1f} CPU s  "
        f"{usage.ru_maxrss / 1024:5.0f} MB",
        flush=True,
    )


def mask_in_place(image: Path, mask: Path, drawn_on: Path | None) -> Volume:
    """The mask on the image's grid, axes RAS, moved as the image that it was drawn on is registered."""
    fixed, drawn = (to_canonical(read_volume(path, path.name)) for path in (image, mask))
    affine = drawn.affine
    if drawn_on is not None:
        moving = to_canonical(read_volume(drawn_on, drawn_on.name))
        affine = registration.register(moving=moving, fixed=fixed).moved(affine)
    return resample_labels(Volume((drawn.data > 0).astype(np.float32), affine), Grid.of(fixed))


def phantoms(folder: Path, number: int, role: str) -> list[tuple[Path, Path]]:
    """One image of each of some raw phantom heads with tumours, and the true brain."""
    from cbvsynth.phantom.raw.case import raw_case
    from cbvsynth.phantom.raw.protocol import RawSettings

    made = []
    for patient in range(1, number + 1):
        case = raw_case(seed=11, patient=patient, settings=RawSettings(matrix=192, slices=26)).images[role]
        paths = folder / f"phantom-{patient}.nii.gz", folder / f"phantom-{patient}-brain.nii.gz"
        for path, voxels in zip(paths, (case.voxels, case.brain), strict=True):
            write_volume(path, Volume(np.asarray(voxels, np.float32), case.affine), unit_note="phantom")
        made.append(paths)
    return made


def find(candidate: str, path: Path, out: Path, command: str) -> int:
    """What a candidate's own process does: write its mask."""
    from cbvsynth.domain.gaps import without_gaps
    from cbvsynth.extraction import deepbet
    from cbvsynth.extraction.command import command_words, run_command
    from cbvsynth.extraction.robex import robex_words

    image = to_canonical(read_volume(path, "image"))
    if candidate.startswith("template"):
        from template_extraction import find_brain

        mask = find_brain(image, deformed=candidate.endswith("deformed"))
    elif candidate == "deepbet":
        mask = deepbet.find_brain(without_gaps(image)[0].data)
    else:
        words = robex_words() if candidate == "robex" else command_words(command)
        mask = run_command(image, words, 3600.0, "image")
    write_volume(out, Volume(mask.astype(np.float32), image.affine), unit_note="brain")
    return 0


if __name__ == "__main__":
    sys.exit(main())
