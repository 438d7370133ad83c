"""What the headers of DICOM files say, as far as it is used.

Free texts and identifiers are in these records, for decisions only. No message, file name or output is made
of them: there, images are called by numbers and by words of this package's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Tags:
    """Of a series or a part of one; times in milliseconds, NaN where a tag is missing.

    `description` and `protocol` are lower case, with spaces for the signs between words.
    `image_type`, `scanning` (ScanningSequence and SequenceVariant) and `component` are upper case.
    """

    modality: str = ""
    sop_class: str = ""
    vendor: str = ""
    description: str = ""
    protocol: str = ""
    sequence_name: str = ""
    body_part: str = ""
    image_type: tuple[str, ...] = ()
    component: str = ""
    scanning: tuple[str, ...] = ()
    acquisition_type: str = ""
    agent: str = ""
    tr_ms: float = math.nan
    te_ms: float = math.nan
    ti_ms: float = math.nan
    flip_degrees: float = math.nan
    field_t: float = math.nan
    samples: int = 1
    units: tuple[str, ...] = ()
    lossy: str = ""


@dataclass(frozen=True)
class Frame:
    """One slice: place and directions in DICOM's axes (left, posterior, superior), mm; its b-value, s/mm2."""

    position_mm: Vector | None
    row_direction: Vector | None
    column_direction: Vector | None
    b_value: float = math.nan
    rescale: tuple[float, float] = (1.0, 0.0)


@dataclass(frozen=True)
class Identity:
    """Whose image it is; never printed, and written only as keyed hashes."""

    patient_id: str
    birth_date: str
    patient_sex: str
    age: str
    study_uid: str


@dataclass(frozen=True)
class ImageFile:
    """One DICOM file with an image; `seconds` is when it was acquired, for comparison only.

    `philips_scale` is Philips' private factor to the scanner's own numbers, NaN elsewhere.
    """

    path: Path
    identity: Identity
    series_uid: str
    sop_uid: str
    frame_of_reference: str
    series_number: int
    tags: Tags
    frames: tuple[Frame, ...]
    rows: int
    columns: int
    spacing_mm: tuple[float, float]
    transfer_syntax: str
    seconds: float = math.nan
    philips_scale: float = math.nan


@dataclass(frozen=True)
class Unreadable:
    """Files that are no readable image, by what they are; how many of each."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        """Count one more file."""
        self.counts[what] = self.counts.get(what, 0) + 1
