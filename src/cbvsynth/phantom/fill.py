"""The data source of the pipeline: fill an empty data folder, never touch one that holds something."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from cbvsynth.config import PhantomConfig
from cbvsynth.errors import DataError, UsageError
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.receipt import StudyReceipt, inspect_study, is_receipt, write_receipt
from cbvsynth.phantom.study import write_study
from cbvsynth.records.storage import atomic_folder
from cbvsynth.records.writable import require_writable

_MOST_WORKERS = 8


def fill(config: PhantomConfig) -> StudyReceipt:
    """Make the phantom study where there are no data yet, and write the receipt of what is there.

    The study is built beside the folder and put in its place when it is complete; an interrupted run
    leaves the folder as it was. A data folder that is a link is followed.

    Raises:
        UsageError: the settings are out of range, or the receipt would replace another file.
        StorageError: the receipt cannot be written.
        DataError: data/ is empty although data.dvc names a data set that is not the phantom, data.dvc
            cannot be read, the data path is a file, or the brain template is not installed.
    """
    require_writable(config.receipt)
    refuse_to_replace_another_file(config.receipt)
    settings = StudySettings.of(config)
    data = config.data.resolve()
    if data.exists() and not data.is_dir():
        raise DataError(f"{config.data} is a file; expected a folder. Name another folder by --data.")
    if not data.is_dir() or not any(data.iterdir()):
        refuse_to_replace_another_study(config.data)
        with atomic_folder(data) as folder:
            write_study(folder, settings, workers=_workers())
    receipt = inspect_study(data)
    write_receipt(config.receipt, receipt)
    return receipt


def refuse_to_replace_another_file(receipt: Path) -> None:
    """Stop where a file stands that is no receipt.

    Raises:
        UsageError: it does.
    """
    if receipt.is_file() and not is_receipt(receipt):
        raise UsageError(
            f"{receipt} is there and is not a receipt of a study; expected nothing or an older receipt. Name "
            "another file by --receipt."
        )


def refuse_to_replace_another_study(data: Path) -> None:
    """Stop where data.dvc beside an empty data folder names a data set that is not the phantom.

    Without this, a fresh clone of a hospital's repository would silently train on phantoms.

    Raises:
        DataError: it does, or it cannot be read.
    """
    data = data.absolute()
    tracker = data.with_name(f"{data.name}.dvc")
    try:
        content = yaml.safe_load(tracker.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"{tracker.name} is not YAML; expected what DVC writes. Restore it from git."
        ) from error
    tracked = _tracked_digest(content, data.name)
    if tracked and tracked != _phantom_digest(content):
        raise DataError(
            f"{data.name}/ is empty, and {tracker.name} names a data set that is not the phantom: run "
            f"`dvc pull {tracker.name}`, or copy your examinations to {data.name}/."
        )


def _tracked_digest(content: object, name: str) -> str:
    """The digest that DVC recorded for the folder; empty before DVC ever saw it."""
    outputs = content.get("outs") if isinstance(content, dict) else None
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict) and output.get("path") == name:
            return str(output.get("md5") or "")
    return ""


def _phantom_digest(content: object) -> str:
    """The digest of the default phantom, as noted in `meta`."""
    meta = content.get("meta") if isinstance(content, dict) else None
    return str(meta.get("phantom") or "") if isinstance(meta, dict) else ""


def _workers() -> int:
    return min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
