"""What a synthetic map loses when an image lies off by some millimetres: the reason for validate's limit.

    python benchmarks/displacement.py --model artifacts/train/MODEL/saved_model
                                      --examinations artifacts/preprocess [--count 6]

Shifts one input sequence, or the real CBV map, in plane by 0, 1, 2, 3, 4 and 8 mm (linear interpolation,
obliquely, so that a whole number of voxels is never hit) and prints the mean SSIM in the brain, in per cent,
of held-out examinations. The model was trained on aligned images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.ssim import score_ssim
from cbvsynth.records.examinations import read_index
from cbvsynth.training.dataset import raw_inputs
from cbvsynth.training.saved_model import load_exported

SHIFTS_MM = (0.0, 1.0, 2.0, 3.0, 4.0, 8.0)
CBV = "cbv (real)"


def shifted(
    image: npt.NDArray[np.float32], shift_mm: float, spacing_mm: tuple[float, float, float]
) -> npt.NDArray[np.float32]:
    """An image (X, Y, Z) moved in plane along a diagonal; nothing comes in from outside."""
    if shift_mm == 0.0:
        return image
    along = shift_mm / np.sqrt(2.0)
    steps = (along / spacing_mm[0], along / spacing_mm[1], 0.0)
    moved: npt.NDArray[np.float32] = ndimage.shift(image, steps, order=1, mode="constant").astype(np.float32)
    return moved


def main() -> None:
    """Print a table: rows are what is moved, columns the shifts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--examinations", type=Path, required=True)
    parser.add_argument("--count", type=int, default=6)
    arguments = parser.parse_args()
    model, index = load_exported(arguments.model), read_index(arguments.examinations)
    combination = model.description.model.combination
    chosen = index.of_split("held-out")[: arguments.count]
    print(f"{model.description.model}, {len(chosen)} held-out examinations, SSIM in the brain, %")
    print("| moved | " + " | ".join(f"{shift:g} mm" for shift in SHIFTS_MM) + " |")
    print("|---|" + "---:|" * len(SHIFTS_MM))
    first = raw_inputs(index, chosen[0], combination)
    for moved in (*first, CBV):
        cells = []
        for shift in SHIFTS_MM:
            scores = []
            for examination in chosen:
                inputs = dict(raw_inputs(index, examination, combination))
                real = np.asarray(index.array(examination.exam_id, "cbv"), np.float32)
                mask = np.asarray(index.array(examination.exam_id, "mask"), np.bool_)
                if moved == CBV:
                    real = shifted(real, shift, examination.spacing_mm)
                else:
                    inputs[moved] = shifted(inputs[moved], shift, examination.spacing_mm)
                synthetic = model({key: one[np.newaxis] for key, one in inputs.items()})[0]
                found = score_ssim(real, synthetic, mask, data_range=model.description.cbv_max)
                scores.append(100.0 * found.cube_brain)
            cells.append(f"{np.mean(scores):.1f}")
        print(f"| {moved} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
