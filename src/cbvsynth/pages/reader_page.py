"""A reader's page: blinded maps one after the other, scored by keyboard, without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import StudyItem
from cbvsynth.domain.reading_forms import BLINDED, Form
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.wording import counted
from cbvsynth.pages.pictures.slices import cbv_scale, grey_scale
from cbvsynth.pages.pictures.tiles import (
    Bar,
    TileRow,
    anatomy_of,
    bar_of,
    map_row,
    read_regions,
    read_slices,
    slices_around,
)
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.maps import MapIndex, read_map
from cbvsynth.theme.html import write_page

TITLES = {
    "blinded": "How good are these CBV maps?",
    "against-truth": "How close are these CBV maps to the truth?",
}
"""By the key of the form."""
SLICES = 3
MOST_BYTES = 4_000_000
"""Of images on one page; a longer order continues on further pages."""


@dataclass(frozen=True)
class ShownItem:
    """One map as the page shows it: no id, no kind."""

    code: str
    rows: tuple[TileRow, ...]

    @property
    def size(self) -> int:
        """Bytes of its images."""
        return sum(len(tile.source) for row in self.rows for tile in row.tiles)


def write_reader_pages(  # noqa: PLR0913  # a study, a reader, and where the images lie
    folder: Path,
    items: Sequence[StudyItem],
    *,
    study: str,
    index: ExaminationIndex,
    maps_root: Path,
    maps: MapIndex,
    form: Form = BLINDED,
) -> list[Path]:
    """Write one reader's pages, `<reader>-1.html` and on; the items are in the reader's order."""
    reader = items[0].reader
    cached = {one.exam_id: one for one in index.examinations}
    shown = [
        ShownItem(item.code, _rows(index, maps_root, maps, cached[item.exam_id], _shown_kinds(item, form)))
        for item in items
    ]
    bar = bar_of(cbv_scale(maps.data_range), f"CBV, {UNIT_WORDS[maps.target_unit]}", parts=5)
    parts = list(_in_parts(shown))
    paths = []
    for number, part in enumerate(parts, start=1):
        path = folder / f"{reader}-{number}.html"
        _write_part(path, part, study=study, reader=reader, number=number, of=len(parts), bar=bar, form=form)
        paths.append(path)
    return paths


def _write_part(  # noqa: PLR0913  # what the page says of itself
    path: Path,
    part: Sequence[ShownItem],
    *,
    study: str,
    reader: str,
    number: int,
    of: int,
    bar: Bar,
    form: Form,
) -> None:
    write_page(
        path,
        "pages/templates/reader.html.j2",
        {
            "title": f"{TITLES[form.key]} Reader {reader}",
            "subtitle": f"Study {study}, part {number} of {of}: {counted(len(part), 'map')}.",
            "study": study,
            "reader": reader,
            "part": number,
            "items": part,
            "form": form,
            "bar": bar,
        },
    )


def _in_parts(shown: Sequence[ShownItem]) -> Iterator[list[ShownItem]]:
    part: list[ShownItem] = []
    for item in shown:
        if part and sum(one.size for one in part) + item.size > MOST_BYTES:
            yield part
            part = []
        part.append(item)
    yield part


def _shown_kinds(item: StudyItem, form: Form) -> tuple[MapKind, ...]:
    """The item's own map; against the truth, the real one before it."""
    return (item.kind,) if form is BLINDED else (MapKind.REAL, item.kind)


def _rows(
    index: ExaminationIndex,
    maps_root: Path,
    maps: MapIndex,
    examination: CachedExamination,
    kinds: Sequence[MapKind],
) -> tuple[TileRow, ...]:
    name, anatomy = examination.exam_id, anatomy_of(examination)
    regions = read_regions(index, name)
    places = slices_around(regions, SLICES)
    volumes = {anatomy.label: read_slices(index.array(name, anatomy.value), places)}
    scales = [grey_scale(volumes[anatomy.label], regions.brain[:, :, places])]
    for kind in kinds:
        cbv = index.array(name, "cbv") if kind is MapKind.REAL else read_map(maps_root, name)
        # Where one map stands alone, its words must not tell which.
        volumes["CBV map" if len(kinds) == 1 else f"{kind.value.capitalize()} CBV map"] = read_slices(
            cbv, places
        )
        scales.append(cbv_scale(maps.data_range))
    return tuple(
        map_row(volumes, scales, regions, (number, place), examination.spacing_mm[:2])
        for number, place in enumerate(places)
    )
