"""Files to series, and where the slices of a series lie: a whole volume, or why it is none."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.wording import counted
from cbvsynth.study.dicom.tags import Identity, ImageFile, Tags

LEAST_SLICES = 5
"""Fewer are no volume of a head. Our choice."""
SAME_PLACE_MM = 0.01
"""Positions that differ by less are one; scanners write five digits or more."""
EVEN_SPACING = 0.05
"""Share of the usual distance between slices by which one may differ: rounding and breathing space, no
missing slice, which doubles it. Our choice."""
MAX_TILT_DEGREES = 0.5
"""Between the normal of the slices and the line along which they are stacked; oblique slices have 0, a
tilted gantry degrees. Our choice."""
SAME_DIRECTION = 1e-3
"""Between direction cosines of slices of one stack; scanners write five digits or more."""
PERPENDICULAR = 0.01
"""By which the length of the product of row and column directions may differ from 1. Our choice."""
SAME_ECHO = 0.05
"""Share by which echo times of one echo may differ; a second echo comes at half the time again or later."""

_COMPONENTS = {
    "PHASE": "phase",
    "P": "phase",
    "PHASE MAP": "phase",
    "REAL": "real",
    "R": "real",
    "IMAGINARY": "imaginary",
    "I": "imaginary",
}
# Of image types that scanners put into one series with others.
_KINDS = ("ADC", "MIP", "PROJECTION IMAGE", "LOCALIZER", "SUBTRACTION", "TRACEW", "FA", "WATER", "FAT")

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Slices of one series that belong to one image, in the order in which they are stacked.

    corners_mm: (4, 3) places of the first voxel of the first and of the last slice, and of the ends of the
    first slice's first row and first column, to the right, front and top (RAS), mm; None where `problem` says
    why the slices make no volume. `shape` is columns, rows, slices.
    `volumes` is how often each place was imaged. `plane` is ax, sag, cor or oblique.
    """

    number: int
    identity: Identity
    tags: Tags
    files: tuple[Path, ...]
    sop_uids: tuple[str, ...]
    frame_of_reference: str
    seconds: float
    shape: tuple[int, int, int] = (0, 0, 0)
    spacing_mm: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    corners_mm: Float64Array | None = None
    volumes: int = 1
    b_values: tuple[float, ...] = ()
    rescales: tuple[tuple[float, float], ...] = ()
    philips_scale: float = math.nan
    transfer_syntaxes: tuple[str, ...] = ()
    plane: str = ""
    problem: str = ""
    warnings: tuple[str, ...] = ()


def series_of(files: Iterable[ImageFile]) -> list[Series]:
    """The series of one study, by number; echoes, components and maps of one series are apart."""
    parts: dict[tuple[object, ...], list[ImageFile]] = defaultdict(list)
    for file in files:
        parts[_part(file)].append(file)
    found = [_series(echo) for part in parts.values() for echo in _by_echo(part)]
    return sorted(found, key=lambda one: (one.number, str(one.tags.te_ms), one.sop_uids))


def _part(file: ImageFile) -> tuple[object, ...]:
    tags = file.tags
    kinds = tuple(kind for kind in _KINDS if kind in tags.image_type)
    return file.series_uid, component_of(tags), kinds, tags.modality


def _by_echo(files: list[ImageFile]) -> Iterator[list[ImageFile]]:
    """Files of one echo each; echo times that only rounding parts are one."""
    ordered = sorted(files, key=lambda file: (math.isfinite(file.tags.te_ms), file.tags.te_ms))
    part: list[ImageFile] = []
    for file in ordered:
        before, now = (part[-1].tags.te_ms if part else math.nan), file.tags.te_ms
        if part and math.isfinite(now) and not now - before <= SAME_ECHO * now:
            yield part
            part = []
        part.append(file)
    yield part


def component_of(tags: Tags) -> str:
    """Magnitude (empty), phase, real or imaginary."""
    for word in (tags.component, *tags.image_type):
        if word in _COMPONENTS:
            return _COMPONENTS[word]
    return ""


def _series(files: list[ImageFile]) -> Series:
    first = min(files, key=lambda file: file.sop_uid)
    frames = [frame for file in files for frame in file.frames]
    seconds = [file.seconds for file in files if math.isfinite(file.seconds)]
    known = {
        "number": first.series_number,
        "identity": first.identity,
        "tags": first.tags,
        "files": tuple(file.path for file in files),
        "sop_uids": tuple(sorted(file.sop_uid for file in files)),
        "frame_of_reference": first.frame_of_reference,
        "seconds": min(seconds, default=math.nan),
        "b_values": tuple(sorted({frame.b_value for frame in frames if math.isfinite(frame.b_value)})),
        "rescales": tuple(sorted({frame.rescale for frame in frames})),
        "philips_scale": first.philips_scale,
        "transfer_syntaxes": tuple(sorted({file.transfer_syntax for file in files})),
    }
    return Series(**known, **_geometry(files))  # type: ignore[arg-type]  # fields by name, as above


def _geometry(files: list[ImageFile]) -> dict[str, object]:
    """What the positions of slices say, or the first thing that keeps them from being a volume."""
    problem = _different(files)
    if problem:
        return {"problem": problem}
    frames = [frame for file in files for frame in file.frames]
    positions = np.array([frame.position_mm for frame in frames])
    directions = np.array([[frame.row_direction, frame.column_direction] for frame in frames])
    if np.abs(directions - directions[0]).max() > SAME_DIRECTION:
        return {"problem": "its slices lie in several orientations"}
    row, column = directions[0]
    normal = np.cross(row, column)
    if abs(float(np.linalg.norm(normal)) - 1.0) > PERPENDICULAR:
        return {"problem": "the directions of its rows and columns are not perpendicular"}
    return {"plane": _plane(normal), **_stack(files[0], positions, np.array([row, column, normal]))}


def _different(files: list[ImageFile]) -> str:
    """What the files of a series do not share, or do not state; empty when they fit together."""
    sizes = np.array([file.spacing_mm for file in files])
    frames = [frame for file in files for frame in file.frames]
    without = any(None in (one.position_mm, one.row_direction, one.column_direction) for one in frames)
    problems = {
        "its slices are of different frames of reference, so that no place can be trusted": len(
            {file.frame_of_reference for file in files}
        )
        > 1,
        "its slices differ in size": len({(file.rows, file.columns) for file in files}) > 1,
        "it states no pixel size": not (np.isfinite(sizes) & (sizes > 0)).all(),
        "its slices differ in pixel size": bool(np.ptp(sizes, axis=0).max() > SAME_PLACE_MM),
        "a slice states no position or orientation (ImagePositionPatient, ImageOrientationPatient)": without,
    }
    return next((problem for problem, there in problems.items() if there), "")


def _stack(one: ImageFile, positions: Float64Array, axes: Float64Array) -> dict[str, object]:
    """The stack of slices at `positions` (N, 3); `axes` (3, 3): directions of rows, columns and normal."""
    row, column, normal = axes
    order = np.argsort(positions @ normal, kind="stable")
    steps = np.diff((positions @ normal)[order])
    starts = np.concatenate([[0], np.flatnonzero(steps > SAME_PLACE_MM) + 1])
    places = positions[order][starts]
    volumes = len(positions) // len(places)
    found: dict[str, object] = {"volumes": volumes, "shape": (one.columns, one.rows, len(places))}
    problem = _stack_problem(places, normal, len(positions))
    if problem:
        return {**found, "problem": problem}
    usual = float(np.median(np.diff(places @ normal)))
    along_row = row * one.spacing_mm[1] * (one.columns - 1)
    along_column = column * one.spacing_mm[0] * (one.rows - 1)
    corners = np.array([places[0], places[-1], places[0] + along_row, places[0] + along_column])
    return {
        **found,
        "spacing_mm": (one.spacing_mm[1], one.spacing_mm[0], usual),
        "corners_mm": corners * np.array([-1.0, -1.0, 1.0]),
    }


def _stack_problem(places: Float64Array, normal: Float64Array, images: int) -> str:
    """Why places (N, 3), in order along the normal, are no whole, straight stack; empty when they are."""
    count = len(places)
    volumes, rest = divmod(images, count)
    if rest:
        return (
            f"{rest} of {count} places were imaged more often than the others ({volumes} times): slices are "
            "missing or there twice"
        )
    if count < LEAST_SLICES:
        return f"{count} slices are no volume of a head (expected {LEAST_SLICES} or more)"
    gaps = np.diff(places @ normal)
    usual = float(np.median(gaps))
    uneven = np.abs(gaps - usual) > EVEN_SPACING * usual
    if uneven.any():
        lost = int(np.rint(gaps[uneven] / usual - 1).clip(min=0).sum())
        what = f"{counted(lost, 'slice')} or so missing" if lost else "its slices are unevenly spaced"
        return (
            f"{what} (distances of {gaps.min():.4g} to {gaps.max():.4g} mm, usually {usual:.4g} mm); export "
            "the whole series again"
        )
    line = places[-1] - places[0]
    along = float(np.clip(line @ normal / np.linalg.norm(line), -1.0, 1.0))
    tilt = math.degrees(math.acos(along))
    if tilt > MAX_TILT_DEGREES:
        return (
            f"its slices are stacked at {tilt:.3g} degrees to their normal (a tilted gantry); expected a "
            "stack along the normal"
        )
    return ""


def _plane(normal: Float64Array) -> str:
    """The plane of slices by their normal; oblique when it is more than 35 degrees from each axis."""
    axis = int(np.argmax(np.abs(normal)))
    if abs(float(normal[axis])) < math.cos(math.radians(35.0)):
        return "oblique"
    return ("sag", "cor", "ax")[axis]
