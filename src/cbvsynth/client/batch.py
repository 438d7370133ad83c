"""A map for every examination of a study, several at a time, resuming where an earlier run stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from cbvsynth.client.outputs import mask_picture_of, sd_of, sidecar_of
from cbvsynth.client.preparation import checked_orientation, prepare_files
from cbvsynth.client.synthesis import WITH_SD, Models, synthesise
from cbvsynth.domain import sequences
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout, Register, Uncertainty
from cbvsynth.errors import CbvsynthError, DataError, ServingError, UnreachableError, UsageError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings
from cbvsynth.progress import progress_bar
from cbvsynth.records.csv_codec import columns_of, write_rows
from cbvsynth.records.writable import require_writable
from cbvsynth.study.manifest import load_manifest, read_manifest

TABLE_FILE = "predictions.csv"
"""What became of each examination."""
_MOST_ERRORS_SHOWN = 10
_MADE, _PRESENT, _FAILED = "made", "there already", "failed"


@dataclass(frozen=True)
class BatchOptions:
    """Which examinations, and how; see `cbvsynth.commands.predict` for what each option means."""

    data: Path
    out_folder: Path
    layout: Layout = Layout.AUTO
    manifest: Path | None = None
    concurrency: int = 2
    unusable: tuple[sequences.Sequence, ...] = ()
    reference: str = ""
    resample: bool = False
    register: Register = Register.RIGID
    brain: BrainSettings = DEFAULT_BRAIN
    orientation: str = ""
    prefer: tuple[str, ...] = ()
    overwrite: bool = False
    version: int = 0
    label: str = ""
    uncertainty: Uncertainty = Uncertainty.OFF


@dataclass(frozen=True)
class BatchRow:
    """A row of predictions.csv. `fallback` is yes, no, or empty where there is no map."""

    exam_id: str
    status: str
    model: str = ""
    version: str = ""
    fallback: str = ""
    reason: str = ""
    left_out: str = ""
    warnings: str = ""


@dataclass(frozen=True)
class BatchSummary:
    """How many maps were made, how many of these by a stand-in model, and how many existed already."""

    made: int
    fallbacks: int
    present: int


def map_name(exam_id: str) -> str:
    """File name of an examination's map."""
    return f"{exam_id}_cbv.nii.gz"


def predict_study(options: BatchOptions, models: Models) -> BatchSummary:
    """Make a map of every examination of a study, and a table of what became of each.

    An examination that fails does not stop the others; a server that does not answer does.

    Raises:
        UsageError: the number of examinations at a time cannot be, or the folder holds maps that this
            command did not make, or made by a version other than the one requested.
        StorageError: the folder cannot be written to.
        ManifestError: the list of examinations is missing or wrong.
        UnreachableError: the server does not answer.
        DataError: examinations failed; the others have their maps.
    """
    if options.concurrency < 1:
        raise UsageError(f"concurrency is {options.concurrency}; expected 1 or more.")
    examinations = (
        load_manifest(options.data, options.layout, options.prefer).examinations
        if options.manifest is None
        else read_manifest(options.manifest, options.data)
    )
    stated = checked_orientation(options.orientation)
    examinations = tuple(replace(one, orientation=one.orientation or stated) for one in examinations)
    require_writable(options.out_folder / TABLE_FILE)
    if not options.overwrite:
        _require_own_maps(examinations, options, models)
    options.out_folder.mkdir(parents=True, exist_ok=True)
    rows: list[BatchRow] = []
    try:
        made = _rows(examinations, options, models)
        rows.extend(progress_bar(made, total=len(examinations), desc="predict", unit="examination"))
    finally:
        _write_rows(options.out_folder / TABLE_FILE, rows)
    failed = [row for row in rows if row.status == _FAILED]
    if failed:
        shown = "\n".join(f"- {row.reason}" for row in failed[:_MOST_ERRORS_SHOWN])
        raise DataError(
            f"{len(failed)} of {len(rows)} examinations got no map; expected one each. The others have "
            f"theirs; mend these and start again. All reasons are in {TABLE_FILE}.\n{shown}"
        )
    return BatchSummary(
        made=sum(row.status == _MADE for row in rows),
        fallbacks=sum(row.status == _MADE and row.fallback == "yes" for row in rows),
        present=sum(row.status == _PRESENT for row in rows),
    )


def _require_own_maps(examinations: Sequence[Examination], options: BatchOptions, models: Models) -> None:
    """Look at the maps that are there before the first one is made.

    A map without a record is somebody else's. A map by another version is not what was asked for, and
    would stand among the new ones as if it were.
    """
    asked = 0
    if options.version or options.label:
        asked = models.named(options.version, options.label).version
    foreign, other = [], []
    for examination in examinations:
        path = options.out_folder / map_name(examination.exam_id)
        if not sidecar_of(path).exists():
            foreign += [one.name for one in (path, sd_of(path)) if one.exists()]
        elif path.exists():
            row = _row_of_record(examination.exam_id, path)
            if row.status == _PRESENT and asked and row.version != str(asked):
                other.append(f"{path.name} by version {row.version}")
    place = f"in '{options.out_folder}'"
    advice = "Nothing was made. Give another --out_folder, or --overwrite on to make them again."
    if foreign:
        raise UsageError(
            f"{_counted(foreign)} {place} without a record beside it; expected none but maps that this "
            f"command made: {_shortened(foreign)}. {advice}"
        )
    if other:
        raise UsageError(
            f"{_counted(other)} {place} by a version other than {asked}, which was requested: "
            f"{_shortened(other)}. {advice}"
        )


def _counted(names: Sequence[str]) -> str:
    return "There is a map" if len(names) == 1 else f"There are {len(names)} maps"


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - _MOST_ERRORS_SHOWN
    return ", ".join(names[:_MOST_ERRORS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _rows(examinations: Sequence[Examination], options: BatchOptions, models: Models) -> Iterator[BatchRow]:
    with ThreadPoolExecutor(options.concurrency) as pool:
        futures = [pool.submit(_predict_one, one, options, models) for one in examinations]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _predict_one(examination: Examination, options: BatchOptions, models: Models) -> BatchRow:
    exam_id = examination.exam_id
    path = options.out_folder / map_name(exam_id)
    if not options.overwrite and sidecar_of(path).exists():
        row = _row_of_record(exam_id, path)
        if row.status == _FAILED or _is_whole(path, options.uncertainty):
            return row
    try:
        prepared = prepare_files(
            options.data,
            examination,
            unusable=options.unusable,
            reference=options.reference,
            resample=options.resample,
            register=options.register,
            brain=replace(options.brain, picture=mask_picture_of(path)),
        )
        made = synthesise(
            prepared,
            models,
            version=options.version,
            label=options.label,
            uncertainty=options.uncertainty,
        )
    except UnreachableError:
        raise
    except (DataError, ServingError, UsageError) as error:
        return BatchRow(exam_id, _FAILED, reason=_named(exam_id, error))
    made.save(path, overwrite=True)
    return _row(exam_id, _MADE, made.record.to_json())


def _is_whole(path: Path, uncertainty: Uncertainty) -> bool:
    """Whether a map with a sound record is there, and how sure it is where its record says so or one asks."""
    record = json.loads(sidecar_of(path).read_text(encoding="utf-8"))
    with_sd = uncertainty is Uncertainty.ON or record.get(WITH_SD, False)
    return path.exists() and (not with_sd or sd_of(path).exists())


def _row_of_record(exam_id: str, path: Path) -> BatchRow:
    """The row of a map that an earlier run made."""
    sidecar = sidecar_of(path)
    try:
        return _row(exam_id, _PRESENT, json.loads(sidecar.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError):
        files = " and ".join(one.name for one in (sidecar, path, sd_of(path)) if one.exists())
        reason = f"{sidecar.name} is damaged; delete {files}, and the map is made again"
        return BatchRow(exam_id, _FAILED, reason=f"{exam_id}: {reason}")


def _row(exam_id: str, status: str, record: Mapping[str, Any]) -> BatchRow:
    left_out: Mapping[str, str] = record["InputsLeftOut"]
    return BatchRow(
        exam_id,
        status,
        model=str(record["Model"]),
        version=str(record["ModelVersion"]),
        fallback="yes" if record["Fallback"] else "no",
        reason=str(record["WhyThisModel"]),
        left_out="; ".join(f"{sequence}: {why}" for sequence, why in left_out.items()),
        warnings="; ".join(record["Warnings"]),
    )


def _named(exam_id: str, error: CbvsynthError) -> str:
    text = str(error)
    return text if exam_id in text else f"{exam_id}: {text}"


def _write_rows(path: Path, rows: Sequence[BatchRow]) -> None:
    in_order = sorted(rows, key=lambda row: row.exam_id)
    write_rows(path, columns_of(BatchRow), (astuple(row) for row in in_order))
