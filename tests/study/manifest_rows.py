"""Manifests as people write them, good and wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cbvsynth.errors import ManifestError
from cbvsynth.study.manifest import load_manifest

GOOD = {
    "exam_id": "a-1",
    "subject_id": "a",
    "session_id": "1",
    "t1": "a/1/t1.nii.gz",
    "adc": "a/1/adc.nii.gz",
    "cbv": "a/1/cbv.nii.gz",
    "target_unit": "mL/100g",
    "age": "61",
    "split": "",
}


OTHER = {
    **GOOD,
    "exam_id": "b-1",
    "subject_id": "b",
    "t1": "b/1/t1.nii.gz",
    "adc": "b/1/adc.nii.gz",
    "cbv": "b/1/cbv.nii.gz",
}


def write_rows(root: Path, *rows: Mapping[str, str]) -> Path:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path = root / "manifest.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def assert_refused(root: Path, *messages: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_manifest(root)
    for message in messages:
        assert message in str(caught.value)
    assert str(root) not in str(caught.value)
