"""The montage of a page: rows of slices, columns of images, colour bars below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.pages.pictures.examples import ANATOMY
from cbvsynth.pages.pictures.montage import LESION_OUTLINES, telling_slice
from cbvsynth.pages.pictures.slices import (
    ColourScale,
    cbv_scale,
    colour_bar,
    difference_scale,
    grey_scale,
    outline,
    slice_png,
)
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

MARGIN_VOXELS = 2


@dataclass(frozen=True)
class Tile:
    """One image of a page; width and height in voxels, `aspect` is a voxel's height over its width."""

    source: str
    alt: str
    width: int
    height: int
    aspect: float
    outline: str
    outline_colour: str


@dataclass(frozen=True)
class TileRow:
    """One axial slice."""

    label: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Bar:
    """A colour bar with what it means; `ticks` are (percent of its width, text)."""

    source: str
    alt: str
    label: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Montage:
    """Rows of tiles below their titles, and the bars that belong to them."""

    titles: tuple[str, ...]
    rows: tuple[TileRow, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Regions:
    """Brain and lesion of an examination, (X, Y, Z) bool, and the window that holds the brain."""

    brain: BoolArray
    lesion: BoolArray
    window: tuple[slice, slice]


def read_regions(index: ExaminationIndex, exam_id: str) -> Regions:
    """Where brain and lesion lie; no lesion where none is segmented."""
    brain = np.asarray(index.array(exam_id, "mask"), np.bool_)
    lesion = np.zeros_like(brain)
    if index.has(exam_id, "seg"):
        lesion = lesion_region(np.asarray(index.array(exam_id, "seg"), np.uint8), brain)
    return regions_of(brain, lesion)


def regions_of(brain: BoolArray, lesion: BoolArray) -> Regions:
    """Brain and lesion with the window around the brain."""
    first, second = (np.flatnonzero(brain.any(axis=axes)) for axes in ((1, 2), (0, 2)))
    window = tuple(
        slice(max(0, int(found[0]) - MARGIN_VOXELS), int(found[-1]) + 1 + MARGIN_VOXELS)
        if found.size
        else slice(None)
        for found in (first, second)
    )
    return Regions(brain, lesion, (window[0], window[1]))


def slices_around(regions: Regions, most: int) -> list[int]:
    """The slice with the most lesion (or brain) and its neighbours, `most` in all, from low to high."""
    depth = regions.brain.shape[2]
    first = telling_slice(regions.brain, regions.lesion) - most // 2
    first = max(0, min(first, depth - most))
    return list(range(first, min(depth, first + most)))


def read_slices(volume: npt.NDArray[np.generic], places: Sequence[int]) -> Float32Array:
    """Some axial slices, (X, Y, len(places)) float32; the rest of a mapped file is not converted."""
    return np.asarray(volume[:, :, places], np.float32)


def anatomy_of(examination: CachedExamination) -> MriSequence:
    """The sequence shown beside the maps: T1C where there is one, as in the paper."""
    return next(one for one in ANATOMY if one in examination.sequences)


def examination_montage(
    index: ExaminationIndex,
    examination: CachedExamination,
    synthetic: Float32Array,
    *,
    data_range: float,
    slices: int,
) -> Montage:
    """Anatomy, real CBV, synthetic CBV and their difference, on some slices."""
    name, unit = examination.exam_id, UNIT_WORDS[index.target_unit]
    regions, anatomy = read_regions(index, name), anatomy_of(examination)
    places = slices_around(regions, slices)
    whole = {anatomy.label: index.array(name, anatomy.value), "Real CBV": index.array(name, "cbv")}
    volumes = {title: read_slices(volume, places) for title, volume in whole.items()}
    volumes["Synthetic CBV"] = read_slices(synthetic, places)
    volumes["Synthetic − real"] = volumes["Synthetic CBV"] - volumes["Real CBV"]
    maps, difference = cbv_scale(data_range), difference_scale(data_range)
    scales = (grey_scale(volumes[anatomy.label], regions.brain[:, :, places]), maps, maps, difference)
    rows = tuple(
        _row(volumes, scales, regions, (number, place), examination.spacing_mm[:2], LESION_OUTLINES)
        for number, place in enumerate(places)
    )
    bars = (bar_of(maps, f"CBV, {unit}", parts=5), bar_of(difference, f"Synthetic − real, {unit}"))
    return Montage(tuple(volumes), rows, bars)


def _row(  # noqa: PLR0913, PLR0917  # what is drawn, how, and where
    volumes: Mapping[str, Float32Array],
    scales: Sequence[ColourScale],
    regions: Regions,
    where: tuple[int, int],
    spacing_mm: tuple[float, float],
    colours: Sequence[str],
) -> TileRow:
    """One slice; `where` is its place among the slices read, and in the whole volume."""
    number, place = where
    cut = (*regions.window, number)
    brain, lesion = (region[(*regions.window, place)] for region in (regions.brain, regions.lesion))
    path = outline(lesion)
    words = f"axial slice {place + 1}" + (", lesion outlined" if path else "")
    return TileRow(
        f"Slice {place + 1}",
        tuple(
            Tile(
                source=slice_png(volume[cut], brain, scale),
                alt=f"{title}, {words}",
                width=brain.shape[0],
                height=brain.shape[1],
                aspect=spacing_mm[1] / spacing_mm[0],
                outline=path,
                outline_colour=colour,
            )
            for (title, volume), scale, colour in zip(volumes.items(), scales, colours, strict=True)
        ),
    )


def map_row(
    volumes: Mapping[str, Float32Array],
    scales: Sequence[ColourScale],
    regions: Regions,
    where: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> TileRow:
    """One slice of some volumes without an outline, for readers, who are to find the lesion themselves."""
    bare = Regions(regions.brain, np.zeros_like(regions.lesion), regions.window)
    return _row(volumes, scales, bare, where, spacing_mm, ["none"] * len(volumes))


def bar_of(scale: ColourScale, label: str, *, parts: int = 4) -> Bar:
    """The colour bar of a scale, with ticks that part it."""
    values = np.linspace(scale.low, scale.high, parts + 1)
    return Bar(
        source=colour_bar(scale),
        alt=f"Colour bar, {label}: {scale.low:g} is {scale.words[0]}, {scale.high:g} is {scale.words[1]}",
        label=label,
        ticks=tuple(
            (100.0 * number / parts, f"{value:.3g}".replace("-", "−")) for number, value in enumerate(values)
        ),
    )
