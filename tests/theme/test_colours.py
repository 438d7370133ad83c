"""Words can be read on their ground, and what a colour tells is told by a shape as well."""

from cbvsynth.domain.sequences import Algorithm
from cbvsynth.theme.colours import (
    ALGORITHM_COLOURS,
    ALGORITHM_MARKERS,
    GROUP_COLOURS,
    GROUP_MARKERS,
    INK,
    MUTED,
)

PALEST_GROUND = "#f5f6f7"


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_known_at_its_ends():
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#777777") == 1


def test_words_have_the_contrast_that_wcag_asks_for():
    for ground in ("#ffffff", PALEST_GROUND):
        assert contrast(INK, ground) > 7
        assert contrast(MUTED, ground) > 4.5
    assert round(contrast(MUTED, PALEST_GROUND), 1) == 4.9


def test_marks_can_be_seen_on_white_and_no_two_are_alike():
    assert set(ALGORITHM_COLOURS) == set(ALGORITHM_MARKERS) == set(Algorithm)
    assert len(set(ALGORITHM_MARKERS.values())) == len(Algorithm)
    assert len(set(GROUP_MARKERS)) == len(GROUP_MARKERS) == len(set(GROUP_COLOURS)) == len(GROUP_COLOURS)
    assert all(contrast(colour, "#ffffff") > 2 for colour in (*GROUP_COLOURS, *ALGORITHM_COLOURS.values()))
