"""What lies in the data folder: the receipt that tells which data the pipeline works on."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from cbvsynth.errors import UsageError
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import MARKER
from cbvsynth.records.origins import BY_PHANTOM, BY_USER, Origin
from cbvsynth.records.storage import sha256_tree, tree_digest, write_json

CONTENT, NAMES_AND_SIZES = "content of all files but the marker", "names and sizes"


@dataclass(frozen=True)
class StudyReceipt:
    """What was found or made; without times or places, so that equal data give an equal receipt.

    `digest_of` says what `digest` covers: the content of the phantom's files; only names and sizes of
    a user's, because hashing a large study here would repeat what DVC does anyway. `version` and
    `settings` are the phantom's, empty for a user's study.
    """

    made_by: str
    files: int
    digest: str
    digest_of: str
    version: str = ""
    settings: StudySettings | None = None


def inspect_study(data: Path) -> StudyReceipt:
    """The receipt of a folder that holds something.

    It is the phantom's when its own marker is there and every file is as the marker says; a phantom
    study to which anything was added, or in which anything was changed, is the user's.
    """
    sizes = {
        path.relative_to(data).as_posix(): str(path.stat().st_size)
        for path in data.rglob("*")
        if path.is_file()
    }
    marked = _marked(data / MARKER)
    if marked is not None and marked.files == len(sizes):
        digests = sha256_tree(data)
        del digests[MARKER]
        if tree_digest(digests) == marked.digest:
            return marked
    return StudyReceipt(BY_USER, len(sizes), tree_digest(sizes), NAMES_AND_SIZES)


def origin_of(data: Path) -> Origin:
    """Who made a study. Without the phantom's marker no file of the study is looked at."""
    if not (data / MARKER).is_file():
        return Origin(BY_USER)
    receipt = inspect_study(data)
    if receipt.settings is None:
        return Origin(BY_USER)
    return Origin(BY_PHANTOM, receipt.settings.seed, receipt.digest)


def write_receipt(path: Path, receipt: StudyReceipt) -> None:
    """Write the receipt as JSON, atomically."""
    content = {field.name: getattr(receipt, field.name) for field in fields(receipt)}
    if receipt.settings is not None:
        content["settings"] = receipt.settings.record()
    write_json(path, {name: value for name, value in content.items() if value not in ("", None)})


def is_receipt(path: Path) -> bool:
    """Whether a file is what `write_receipt` writes, whatever study it speaks of."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and content.get("made_by") in (BY_PHANTOM, BY_USER)


def _marked(path: Path) -> StudyReceipt | None:
    """The receipt that a marker promises; None where there is no marker of ours."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return StudyReceipt(
            made_by=BY_PHANTOM,
            files=int(content["other_files"]) + 1,
            digest=str(content["digest_of_other_files"]),
            digest_of=CONTENT,
            version=str(content["version"]),
            settings=StudySettings.of_record(content["settings"]),
        )
    except (
        OSError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        UsageError,
    ):
        return None
