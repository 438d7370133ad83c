"""The list of examinations of a study: manifest.csv, or what a scan of the folders found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in the manifest, and why; `what` never bears a patient's name."""

    what: str
    reason: str


@dataclass(frozen=True)
class Manifest:
    """Examinations of a study, sorted by exam_id; paths are relative to `root`.

    `layout` is AUTO when the study brought a manifest of its own.
    """

    root: Path
    layout: Layout
    examinations: tuple[Examination, ...]
    recognised_because: str
    left_out: tuple[LeftOut, ...] = ()
