"""The synthetic maps of cached examinations, and what is measured in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from cbvsynth.domain.map_measures import MapKind, MapMeasures, measure_map
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.white_matter import normal_appearing_white_matter
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ResultError, UnitError, UsageError
from cbvsynth.progress import progress_bar
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.maps import INDEX_FILE, MapIndex, write_map, write_map_index
from cbvsynth.records.storage import atomic_folder, sha256_tree
from cbvsynth.records.summaries import read_summary


def make_maps(
    model_folder: Path, index: ExaminationIndex, examinations: Sequence[CachedExamination], out: Path
) -> MapIndex:
    """Synthesise and measure every examination that has the model's sequences; replaces `out`.

    Args:
        model_folder: a folder that train wrote.
        index: cached examinations.
        examinations: those of `index` to synthesise.
        out: folder for the maps.

    Raises:
        UsageError: `out` is not a folder of maps.
        ResultError: the model has no result, or no examination has its sequences.
        ModelError: the exported model is missing or damaged, changed since it was scored, or was made for
            another preprocessing.
        UnitError: model and examinations differ in their unit.
    """
    from cbvsynth.training.startup import quiet_tensorflow

    if out.exists() and not (out / INDEX_FILE).is_file():
        raise UsageError(f"{out} is not a folder of maps and would be replaced; give another --out.")
    summary = read_summary(model_folder / "summary.json")
    if summary.saved_model_sha256 != sha256_tree(model_folder / "saved_model"):
        raise ResultError(
            f"{summary.model}: the exported model is not the one that was scored. Train it again."
        )
    combination = ModelId.parse(summary.model).combination
    usable = [one for one in examinations if combination.usable_with(one.sequences)]
    if not usable:
        raise ResultError(
            f"None of {counted(len(examinations), 'examination')} has {combination.label}, which "
            f"{summary.model} reads. "
            "Choose a model with fewer sequences."
        )
    with quiet_tensorflow():
        from cbvsynth.training.dataset import raw_inputs
        from cbvsynth.training.saved_model import load_exported

        model = load_exported(model_folder / "saved_model")
        description = model.description
        description.require_preprocessing(index.preprocessing_version)
        if description.target_unit is not index.target_unit:
            raise UnitError(
                f"{summary.model} answers in {description.target_unit}, the examinations are in "
                f"{index.target_unit}; expected one unit. Train a model on these examinations."
            )
    measures: list[MapMeasures] = []
    with atomic_folder(out) as folder:
        for examination in progress_bar(usable, desc=f"{summary.model} maps", unit="exam"):
            raw = raw_inputs(index, examination, combination)
            cbv = model({name: volume[np.newaxis] for name, volume in raw.items()})[0]
            write_map(folder, examination.exam_id, cbv)
            measures += measure_examination(index, examination, cbv)
        made = MapIndex(
            model=summary.model,
            saved_model_digest=summary.saved_model_digest,
            target_unit=index.target_unit.value,
            data_range=summary.data_range,
            data_fingerprint=index.data_fingerprint,
            trained_on=summary.data_fingerprint,
            examinations=tuple(one.exam_id for one in usable),
        )
        write_map_index(folder, made, measures)
    return made


def measure_examination(
    index: ExaminationIndex,
    examination: CachedExamination,
    synthetic: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> Iterable[MapMeasures]:
    """Measures of the synthetic map, and of the real one where it is cached."""
    name = examination.exam_id
    mask = np.asarray(index.array(name, "mask"), np.bool_)
    seg = np.asarray(index.array(name, "seg"), np.uint8) if index.has(name, "seg") else None
    inputs = {
        sequence: np.asarray(index.array(name, sequence.value), np.float32)
        for sequence in examination.sequences
    }
    white = normal_appearing_white_matter(inputs, mask, seg, examination.spacing_mm)
    maps = {MapKind.SYNTHETIC: synthetic}
    if index.has(name, "cbv"):
        maps[MapKind.REAL] = np.asarray(index.array(name, "cbv"), np.float32)
    for kind, cbv in maps.items():
        yield measure_map(cbv, mask, seg, white, exam_id=name, kind=kind)
