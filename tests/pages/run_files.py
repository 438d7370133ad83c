"""A whole finished run on disk, made without TensorFlow: sweep, verdict, costs, maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cbvsynth.domain.map_measures import MapKind, measure_map
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.records.costs import TrainingCost, write_cost
from cbvsynth.records.examinations import read_index
from cbvsynth.records.maps import MapIndex, write_map, write_map_index
from cbvsynth.steps.evaluate import run
from tests.pages.sweep_files import MODELS, write_sweep
from tests.steps.test_evaluate import config_of, no_champion

SHOWN = "encdec-t1-t1c-adc"


def write_run(root: Path, **study: object) -> Path:
    """Write artifacts below `root`; the last model has no recorded cost."""
    write_sweep(root, **study)
    run(config_of(root), no_champion)
    for number, model in enumerate(list(MODELS)[:-1]):
        write_cost(root / "checkpoints" / model, TrainingCost(10.0 + number, 1.0, 0.5, "CPU, 2 threads"))
    write_maps(root)
    return root


def write_maps(root: Path) -> None:
    """Write maps of the held-out examinations: the real ones, a tenth too high."""
    index = read_index(root / "preprocess")
    measures, names = [], []
    for one in index.of_split("held-out"):
        arrays = {
            name: np.asarray(index.array(one.exam_id, name))
            for name in ("cbv", "mask", "seg", *one.sequences)
            if index.has(one.exam_id, name)
        }
        mask, seg = arrays["mask"].astype(bool), arrays.get("seg")
        inputs = {sequence: arrays[sequence.value] for sequence in one.sequences}
        white = normal_appearing_white_matter(inputs, mask, seg, one.spacing_mm)
        synthetic = (1.1 * arrays["cbv"]).astype(np.float32)
        write_map(root / "maps", one.exam_id, synthetic)
        for kind, cbv in ((MapKind.REAL, arrays["cbv"]), (MapKind.SYNTHETIC, synthetic)):
            measures.append(measure_map(cbv, mask, seg, white, exam_id=one.exam_id, kind=kind))
        names.append(one.exam_id)
    made = MapIndex(
        SHOWN, "digest", "mL/100g", 25.0, index.data_fingerprint, index.data_fingerprint, tuple(names)
    )
    write_map_index(root / "maps", made, measures)
