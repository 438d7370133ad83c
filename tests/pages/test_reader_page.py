"""A reader's pages: every map once, in order, over as many files as their images need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import StudyItem
from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED, Form
from cbvsynth.pages import reader_page
from cbvsynth.pages.reader_page import write_reader_pages
from cbvsynth.records.examinations import read_index
from cbvsynth.records.maps import read_map_index
from tests.pages.run_files import write_maps
from tests.pages.sweep_files import write_sweep
from tests.pages.web_page import require_good_page

CODES = ("k7", "q2", "m9")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_sweep(tmp_path_factory.mktemp("run"), {"encdec-t1": 0.9})
    write_maps(root)
    return root


def write(root: Path, folder: Path, form: Form = BLINDED) -> list[Path]:
    items = [
        StudyItem("A", place, code, f"e{4 + place:02d}", f"p{4 + place:02d}", MapKind.SYNTHETIC)
        for place, code in enumerate(CODES)
    ]
    index, maps = read_index(root / "preprocess"), read_map_index(root / "maps")
    return write_reader_pages(
        folder, items, study="s1", index=index, maps_root=root / "maps", maps=maps, form=form
    )


def codes(page: Path) -> list[str]:
    return re.findall(r'data-code="(\w+)"', require_good_page(page))


def test_maps_stand_in_the_readers_order_in_one_file(root: Path, tmp_path: Path):
    (page,) = write(root, tmp_path)
    assert page == tmp_path / "A-1.html"
    assert codes(page) == list(CODES)
    assert "Study s1, part 1 of 1: 3 maps." in page.read_text(encoding="utf-8")


def test_a_long_order_goes_on_in_further_files(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader_page, "MOST_BYTES", 1)
    pages = write(root, tmp_path)
    assert [page.name for page in pages] == ["A-1.html", "A-2.html", "A-3.html"]
    assert [codes(page) for page in pages] == [[code] for code in CODES]
    assert "part 2 of 3: 1 map." in pages[1].read_text(encoding="utf-8")


def test_against_the_truth_the_real_map_stands_beside_the_synthetic_one(root: Path, tmp_path: Path):
    (page,) = write(root, tmp_path, AGAINST_TRUTH)
    html = require_good_page(page)
    assert codes(page) == list(CODES)
    assert html.count('<p class="note">Real CBV map, the truth</p>') == len(CODES)
    for words in (
        "Perfusion distribution",
        "Border and shape",
        "very poor",
        "Real CBV map",
        "Synthetic CBV map",
    ):
        assert words in html
    (blinded,) = write(root, tmp_path / "blinded")
    assert page.stat().st_size > 1.2 * blinded.stat().st_size, "a third column of images"
