"""Charts: round ticks around all values, places where they belong, words that cannot break the page."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.pages.svg import Plot, Scale, fitted

values = st.lists(
    st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6), min_size=1, max_size=20
)


@given(values)
def test_a_fitted_scale_holds_all_values_and_has_a_few_round_ticks(found):
    scale = fitted("x", found)
    assert scale.low <= min(found) <= max(found) <= scale.high
    assert scale.low < scale.high
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks)
    assert 2 <= len(scale.ticks) <= 12


@pytest.mark.parametrize(
    ("found", "ticks", "digits"),
    [
        ([0, 10], (0, 2, 4, 6, 8, 10), 0),
        ([80.9, 94.1], (82, 84, 86, 88, 90, 92, 94), 0),
        ([0.1, 0.4], (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4), 2),
    ],
)
def test_ticks_are_numbers_that_people_would_choose(found, ticks, digits):
    scale = fitted("x", found)
    assert scale.ticks == pytest.approx(ticks)
    assert scale.digits == digits


def test_nothing_known_still_gives_a_scale():
    assert fitted("x", []).low < fitted("x", []).high
    assert fitted("x", [float("nan"), 3.0]).low < 3 < fitted("x", [float("nan"), 3.0]).high


def chart(title="t", words="w"):
    plot = Plot(Scale("x", 0, 10, (0, 10)), Scale("y", 0, 1, (0, 1)), title=title, description=words)
    plot.marker((5, 0.5), tip=words)
    plot.text((0, 0), words)
    plot.legend([("o", "#000", words), ("-5 4", "#000", words)])
    return plot


def test_low_is_left_and_below():
    plot = chart()
    (left, bottom), (right, top) = plot.at(0, 0), plot.at(10, 1)
    assert left < right
    assert top < bottom
    assert plot.at(5, 0.5) == ((left + right) / 2, (bottom + top) / 2)


def test_words_of_users_cannot_break_the_page():
    markup = str(chart("</title><script>", '"<b>&').markup())
    assert "<script" not in markup
    assert "<b>" not in markup
    assert markup.count("&lt;b&gt;&amp;") == 5


def test_title_and_description_are_tied_to_the_picture_and_the_same_chart_has_the_same_bytes():
    markup = str(chart().markup())
    title, words = re.search(r'aria-labelledby="(\w+) (\w+)"', markup).groups()
    assert f'<title id="{title}">t</title>' in markup
    assert f'<desc id="{words}">w</desc>' in markup
    assert markup == str(chart().markup())


@pytest.mark.parametrize("shape", ["o", "s", "D", "^", "v", "P", "X"])
def test_every_mark_is_drawn(shape):
    plot = chart()
    before = str(plot.markup())
    plot.marker((1, 0.1), shape=shape, colour="#123456")
    assert str(plot.markup()).count("#123456") == before.count("#123456") + 1
