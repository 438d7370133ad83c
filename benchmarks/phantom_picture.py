"""Draw docs/images/phantom.png and raw_phantom.png: one examination of the phantom, aligned and raw.

python benchmarks/phantom_picture.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from PIL import Image

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.case import SOLID_LABEL, make_case
from cbvsynth.phantom.raw.case import raw_case
from cbvsynth.phantom.raw.protocol import RawSettings, Slices

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "phantom.png"
RAW_PICTURE = PICTURE.with_name("raw_phantom.png")
RAW = RawSettings(matrix=192, slices=22, orientations=Slices.MIXED)
PATIENT, MATRIX, SLICES = 1, 160, 24
CBV_SHOWN_MAX = 10.0


def main() -> None:
    """Draw both."""
    draw_aligned()
    draw_raw()


def draw_aligned() -> None:
    """Draw the slice with most solid lesion: five sequences, CBV, brain and lesion."""
    case = make_case(patient=PATIENT, matrix=MATRIX, slices=SLICES)
    level = int(np.argmax((case.lesion == SOLID_LABEL).sum(axis=(0, 1))))
    figure, axes = plt.subplots(2, 4, figsize=(10, 5.4), layout="constrained")
    places = iter(axes.flat)
    for sequence in Sequence:
        panel, image = next(places), case.images[sequence][:, :, level]
        top = 2500 if sequence is Sequence.ADC else np.percentile(image, 99.8)
        panel.imshow(image.T, origin="lower", cmap="gray", vmin=0, vmax=top)
        panel.set_title(sequence.label)
    panel = next(places)
    shown = np.ma.masked_where(~case.brain[:, :, level], case.cbv[:, :, level])
    picture = panel.imshow(shown.T, origin="lower", cmap="turbo", vmin=0, vmax=CBV_SHOWN_MAX)
    panel.set_facecolor("black")
    panel.set_title("CBV")
    figure.colorbar(picture, ax=panel, label="mL/100 g", extend="max")
    panel = next(places)
    parts = case.brain[:, :, level] + case.lesion[:, :, level]
    colours = ListedColormap(["black", "#555555", "#3b6fb6", "#e8c547", "#c8443c"])
    panel.imshow(parts.T, origin="lower", cmap=colours, vmin=-0.5, vmax=4.5)
    panel.set_title("brain mask and lesion")
    for colour, name in zip(colours.colors[1:], ("brain", "necrosis", "oedema", "solid"), strict=True):
        panel.plot([], [], "s", color=colour, label=name)
    legend = next(places)
    legend.legend(*panel.get_legend_handles_labels(), loc="center left", frameon=False)
    legend.text(
        0.0,
        0.15,
        f"digital phantom, {case.diagnosis}\n{MATRIX} x {MATRIX} x {SLICES} voxels",
        transform=legend.transAxes,
    )
    legend.axis("off")
    for panel in axes.flat:
        panel.set_xticks([])
        panel.set_yticks([])
    figure.savefig(PICTURE, dpi=100)


def draw_raw() -> None:
    """Draw three slices of every image, with the true edge of the brain on the middle one."""
    case = raw_case(patient=PATIENT, settings=RAW)
    figure, axes = plt.subplots(3, len(case.images), figsize=(11, 6.2), layout="constrained")
    for column, (role, image) in zip(axes.T, case.images.items(), strict=True):
        top = {"adc": 3000, "cbv": CBV_SHOWN_MAX}.get(role, np.percentile(image.voxels, 99.7))
        height = image.voxels.shape[2]
        for panel, level in zip(column, (height // 6, height // 2, 4 * height // 5), strict=True):
            panel.imshow(image.voxels[:, :, level].T, origin="lower", cmap="gray", vmin=0, vmax=top)
            panel.set_xticks([])
            panel.set_yticks([])
        column[1].contour(image.brain[:, :, height // 2].T, [0.5], colors="#e8c547", linewidths=0.6)
        away = f"{image.displacement.millimetres:.0f} mm, {image.displacement.degrees:.0f}° away"
        column[0].set_title(f"{role.upper()}\n{away}", fontsize=9)
    figure.savefig(RAW_PICTURE, dpi=80)
    with Image.open(RAW_PICTURE) as picture:
        small = picture.convert("RGB").quantize(64)
    small.save(RAW_PICTURE, optimize=True)


if __name__ == "__main__":
    main()
