"""Table 2 as a picture."""

from pathlib import Path

from matplotlib.image import imread

from cbvsynth.pages.charts.table2 import draw_table2
from tests.pages.tables.test_table2 import rows


def test_the_picture_is_the_same_bytes_each_time(tmp_path: Path):
    for name in ("a.png", "b.png"):
        draw_table2(tmp_path / name, rows())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert imread(tmp_path / "a.png").std() > 0.01


def test_nothing_touches_the_edge_of_the_picture(tmp_path: Path):
    draw_table2(tmp_path / "table.png", rows())
    picture = imread(tmp_path / "table.png")[..., :3]
    margin = 6
    assert all(picture[edge].min() == 1.0 for edge in (slice(margin), slice(-margin, None)))
