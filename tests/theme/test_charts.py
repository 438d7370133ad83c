"""Charts as SVG: several fit in one page, words cannot break it, the same chart has the same text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from cbvsynth.theme.charts import STYLE, Chart, house_style
from cbvsynth.theme.colours import GROUP_MARKERS


def chart(title: str = "t", words: str = "w", tips: tuple[str, ...] = ("first", "second")) -> Chart:
    with house_style():
        figure = Figure(figsize=(3, 2))
        ax = figure.subplots()
        ax.scatter([1.0, 2.123456], [3, 4], gid="marks", marker="D")
        ax.plot([1, 2], [3, 4], linestyle="--")
        ax.set_xlabel(words)
    return Chart(figure, title, words, {"marks": tips})


def test_title_and_description_are_tied_to_the_picture():
    svg = str(chart().svg())
    title, words = re.search(r'role="img" aria-labelledby="(\w+) (\w+)"', svg).groups()
    assert f'<title id="{title}">t</title>' in svg
    assert f'<desc id="{words}">w</desc>' in svg


def test_charts_in_one_page_share_no_id_although_they_draw_the_same():
    """Matplotlib calls the axes of every chart `axes_1`, and equal marks by equal names."""
    ids = [set(re.findall(r' id="([^"]+)"', str(chart(title).svg()))) for title in ("one", "two")]
    assert all(len(found) >= 4 for found in ids)
    assert not ids[0] & ids[1]


def test_every_reference_leads_to_a_part_of_the_same_chart():
    svg = str(chart().svg())
    referred = re.findall(r'(?:href="|url\()#(\w+)', svg)
    assert referred
    assert set(referred) <= set(re.findall(r' id="([^"]+)"', svg))


def test_a_chart_brings_no_style_sheet_that_would_apply_to_the_page_and_no_date():
    svg = str(chart().svg())
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "://" not in svg
    assert "\n" not in svg


def test_words_stay_words_in_the_pages_own_letters():
    svg = str(chart(words="Mean of lesion CBV").svg())
    assert re.search(r"<text [^>]*>Mean of lesion CBV</text>", svg)
    assert "DejaVu" not in svg


def test_words_of_users_cannot_break_the_page():
    svg = str(chart("</title><script>", '"<b>&', ("<b>", "</svg>")).svg())
    assert "<script" not in svg
    assert "<b>" not in svg
    assert svg.count("</svg>") == 1


def test_each_mark_says_its_own_words_where_it_is_pointed_at():
    marks = re.findall(r"<use [^>]*><title>(\w+)</title></use>", str(chart().svg()))
    assert marks == ["first", "second"]


@pytest.mark.parametrize("marker", GROUP_MARKERS)
def test_a_mark_of_any_shape_can_be_pointed_at(marker: str):
    with house_style():
        figure = Figure(figsize=(3, 2))
        figure.subplots().scatter([1], [2], marker=marker, gid="marks")
    assert "<title>the one</title>" in Chart(figure, "t", "w", {"marks": ("the one",)}).svg()


def test_numbers_that_are_shown_keep_their_digits_and_places_lose_theirs():
    svg = str(chart(words="area 0.91234").svg())
    assert "area 0.91234</text>" in svg
    assert not re.search(r"<path d=\"[^\"]*\.\d{3}", svg)


def test_the_same_chart_has_the_same_text_and_the_same_picture(tmp_path: Path):
    assert chart().svg() == chart().svg()
    for name in ("a.png", "b.png"):
        chart().save_png(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert imread(tmp_path / "a.png").std() > 0.01


def test_matplotlibs_own_settings_are_as_before():
    before = {name: mpl.rcParams[name] for name in STYLE}
    chart().svg()
    assert {name: mpl.rcParams[name] for name in STYLE} == before


def test_matplotlib_is_not_imported_before_something_is_drawn():
    code = (
        "import sys, cbvsynth.pages.run_page, cbvsynth.pages.evaluation_report, cbvsynth.pages.reader_page, "
        "cbvsynth.pages.clinical_page, cbvsynth.pages.reader_results_page, cbvsynth.quality.flow_chart\n"
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules)"  # Pillow comes with nibabel's pydicom
    )
    subprocess.run([sys.executable, "-c", code], check=True)
