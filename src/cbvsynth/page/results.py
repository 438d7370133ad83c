"""What is kept of a map: images to look at on one grid, files to take away, and what the map rests on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.client.picture import ANATOMY, draw_map
from cbvsynth.client.synthesis import UNIT_NOTES, Prediction
from cbvsynth.domain.geometry import canonical_grid
from cbvsynth.domain.volume import Volume
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.page.measured import Measured, compare
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.study.nifti import write_volume

VIEW, RESULTS = "view", "results"
MAP, SD_MAP = "cbv.nii.gz", "cbv_sd.nii.gz"
SD_LAYER = "cbv_sd"
PICTURE = "cbv.png"
_CARD_TABLE = re.compile(r"^\| (all|diagnosis) \|.*(?:\n\|.*)+", re.MULTILINE)

FloatArray = npt.NDArray[np.float32]


def keep_results(
    folder: Path, made: Prediction, real: Measured | None, cards: Path, reference: Path | None = None
) -> dict[str, object]:
    """Write view/ and results/ of a study's folder.

    Args:
        folder: of the study.
        made: the map.
        real: measured CBV of the same examination, where there is one.
        cards: folder of model cards.
        reference: image whose grid the map has.

    Returns:
        What the map rests on, for study.json and the page.
    """
    prepared = made.prepared
    assert prepared.placement is not None, "files have a place"
    grid = canonical_grid(prepared.placement.grid)
    (folder / VIEW).mkdir(exist_ok=True)
    made.save(folder / RESULTS / MAP, overwrite=True)
    draw_map(folder / RESULTS / PICTURE, made)
    images = {name.value: prepared.inputs[name] for name in ANATOMY if name in prepared.inputs}
    white = normal_appearing_white_matter(prepared.inputs, prepared.mask, None, grid.spacing_mm)
    compared, more = compare(real, made, reference)
    sd = {} if made.canonical_sd is None else {SD_LAYER: made.canonical_sd}
    for name, data in {
        **images,
        "cbv": made.canonical,
        **sd,
        "mask": prepared.mask.astype(np.float32),
        "white": white.astype(np.float32),
        **more,
    }.items():
        write_volume(folder / VIEW / f"{name}.nii", Volume(data, grid.affine), unit_note="research use only")
    return {
        "record": made.record.to_json(),
        "model": made.record.served.model.label,
        "unit": UNIT_NOTES[made.record.served.target_unit],
        "ssim": made.record.served.ssim,
        "cbv_max": made.cbv_max,
        "lesion_sds": made.lesion_sds,
        "brain_mean": float(made.canonical[prepared.mask].mean(dtype=np.float64)),
        "brain_ml": float(prepared.mask.sum() * np.prod(grid.spacing_mm) / 1000.0),
        "shape": list(prepared.mask.shape),
        "spacing_mm": list(grid.spacing_mm),
        "layers": [*images, "cbv", *sd, "mask", *more],
        "windows": {name: _window(data, prepared.mask) for name, data in images.items()},
        "card": _card(cards / f"{made.record.served.model.slug}.md"),
        "compared": compared,
        "note": RESEARCH_NOTE,
    }


def _window(image: FloatArray, mask: npt.NDArray[np.bool_]) -> list[float]:
    """Lower and upper end of the grey scale, (X, Y, Z): 1st and 99.5th percentile of the brain."""
    return [float(value) for value in np.percentile(image[mask], (1, 99.5))]


def _card(path: Path) -> list[list[list[str]]]:
    """The tables of a model card that say how good the model is, in all and by diagnosis; rows of cells."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    tables = []
    for found in _CARD_TABLE.finditer(text):
        lines = [line.strip("|").split("|") for line in found[0].splitlines()]
        tables.append([[cell.strip() for cell in line] for line in (lines[0], *lines[2:])])
    return tables
