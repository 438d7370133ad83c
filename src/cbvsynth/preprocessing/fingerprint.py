"""Digests that say whether arrays would come out the same, and which data a model saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from cbvsynth.domain.examination import ENHANCING_LABEL, Examination
from cbvsynth.domain.options import Register
from cbvsynth.errors import ManifestError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.examinations import CachedExamination
from cbvsynth.study.image_files import ImageFile, ImageFiles, read_files


def examination_fingerprint(
    root: Path,
    examination: Examination,
    register: Register = Register.OFF,
    brain: BrainSettings = DEFAULT_BRAIN,
    *,
    files: ImageFiles | None = None,
) -> str:
    """Hex digest of all that shapes an examination's arrays: files, statements, settings, version.

    Names of files and folders are not part of it: a study that was moved keeps its arrays. `files` are the
    examination's where they have been read already.

    Raises:
        VolumeError: a file does not exist or cannot be read.
        ManifestError: a path leaves the data root, or a file is not the one whose SHA-256 the manifest
            states.
    """
    read = files or read_files(root, examination)
    content = {
        "preprocessing_version": PREPROCESSING_VERSION,
        "register": register.value,
        "brain_mask": [brain.mode.value, brain.command],
        "target_unit": examination.target_unit,
        "scales": {role: examination.scales.get(role, 1.0) for role in examination.files},
        "enhancing_label": examination.enhancing_label or ENHANCING_LABEL,  # unstated makes the same arrays
        "orientation": examination.orientation,
        "files": {role: _digest(read[role], examination.sha256.get(role)) for role in examination.files},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def data_fingerprint(examinations: Iterable[CachedExamination]) -> str:
    """Hex digest over all examinations, their arrays and their splits, in whatever order they come."""
    lines = sorted(
        f"{examination.exam_id}\t{examination.fingerprint}\t{examination.split}\n"
        for examination in examinations
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digest(file: ImageFile, stated: str | None) -> str:
    if stated and stated != file.sha256:
        raise ManifestError(
            f"{file.label}: the file has SHA-256 {file.sha256[:12]}..., the manifest states {stated[:12]}... "
            "Restore the file, or list the study again if it was replaced on purpose."
        )
    return file.sha256
