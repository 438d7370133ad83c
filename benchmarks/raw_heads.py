"""What a map loses when its images come raw: moved between sequences, with skull and scalp, nobody's mask.

    python benchmarks/raw_heads.py --model artifacts/train/MODEL/saved_model [--examinations 3]
                                   [--brain extracted|given]

Draws the same heads twice: lying still, with their true brain masks, and off by up to 10 mm and 10 degrees
between the sequences, without (extracted) or with (given) the mask of T1. Both are prepared by the code of
preprocess and predict, and the model's maps are scored in the true brain of the CBV map. Prints a row for
each head, in per cent, with the overlap (Dice) of the mask that was used and the true one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from planted_faults import PLAIN_EVERY, give_masks

from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.options import BrainMask, Entry, Register
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.extraction import BrainSettings
from cbvsynth.phantom.plan import PlannedExamination, StudySettings, diagnosis_of
from cbvsynth.phantom.raw.study import TRUTH
from cbvsynth.phantom.study import write_study
from cbvsynth.preprocessing.arrays import prepare_examination
from cbvsynth.study.manifest import load_manifest
from cbvsynth.study.nifti import read_volume
from cbvsynth.training.saved_model import ExportedModel, load_exported


def main() -> None:
    """Print a row for each head and the mean."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--examinations", type=int, default=3)
    parser.add_argument("--matrix", type=int, default=128, help="of T1; a CBV map has half of it")
    parser.add_argument("--slices", type=int, default=16)
    parser.add_argument("--brain", choices=["extracted", "given"], default="extracted")
    flags = parser.parse_args()
    model = load_exported(flags.model)
    patients = [1 + PLAIN_EVERY * number for number in range(flags.examinations)]
    plan = tuple(PlannedExamination(one, 1, diagnosis_of(one), None) for one in patients)
    print(f"{model.description.model}, {flags.matrix} x {flags.matrix} x {flags.slices}, brain {flags.brain}")
    print("| head | still, true mask | raw | Dice still | Dice raw | CPU s raw |")
    print("|---|---:|---:|---:|---:|---:|")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, most in (("still", 0.0), ("raw", 10.0)):
            settings = StudySettings(
                patients=len(plan),
                matrix=flags.matrix,
                slices=flags.slices,
                damaged=0,
                entry=Entry.RAW,
                displacement_mm=most,
                displacement_degrees=most,
            )
            write_study(Path(folder) / name, settings, 1, plan)
            if name == "still" or flags.brain == "given":
                give_masks(Path(folder) / name, settings, plan)
        extracted = BrainSettings(mode=BrainMask.EXTRACTED if flags.brain == "extracted" else BrainMask.AUTO)
        heads = load_manifest(Path(folder) / "still").examinations
        for number in range(len(heads)):
            still = score(Path(folder) / "still", number, model, Register.OFF, BrainSettings())
            raw = score(Path(folder) / "raw", number, model, Register.RIGID, extracted)
            rows.append((still[0], raw[0], still[1], raw[1], raw[2]))
            print(_row(heads[number].exam_id, np.array(rows[-1])), flush=True)
    print(_row("mean", np.mean(rows, axis=0)))


def score(
    root: Path, number: int, model: ExportedModel, register: Register, brain: BrainSettings
) -> tuple[float, float, float]:
    """SSIM in the brain, %, the Dice of the mask, and the CPU seconds of preparing, children and all."""
    examination = load_manifest(root).examinations[number]
    started = _cpu_s()
    arrays = prepare_examination(root, examination, "raw heads", register, brain).arrays
    spent = _cpu_s() - started
    inputs = {
        name.value: np.asarray(arrays[name.value], np.float32)[np.newaxis]
        for name in model.description.model.combination.sequences
    }
    synthetic = model(inputs)[0]
    truth = to_canonical(read_volume(root / TRUTH / f"{examination.exam_id}_cbv_brain.nii", "truth")).data > 0
    assert examination.cbv is not None
    real = to_canonical(read_volume(root / examination.cbv, "CBV")).data
    real = np.where(truth, np.maximum(real, 0.0), 0.0).astype(np.float32)
    mask = np.asarray(arrays["mask"], np.bool_)
    dice = 2.0 * float((mask & truth).sum()) / float(mask.sum() + truth.sum())
    found = score_ssim(real, synthetic, truth, data_range=model.description.cbv_max)
    return 100.0 * found.cube_brain, dice, spent


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _row(name: str, values: np.ndarray) -> str:
    still, raw, dice_still, dice_raw, spent = values
    return f"| {name} | {still:.1f} | {raw:.1f} | {dice_still:.3f} | {dice_raw:.3f} | {spent:.0f} |"


if __name__ == "__main__":
    main()
