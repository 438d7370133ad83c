"""Colours and marks of pages and charts: readers with any colour vision can tell them apart."""

from __future__ import annotations

from cbvsynth.domain.sequences import Algorithm

INK = "#1a1a1a"
MUTED = "#6b6b6b"
"""The palest grey that words are set in: 4.9 to 1 against the palest background of a page."""
FAINT = "#d9d9d9"

ALGORITHM_COLOURS = {
    Algorithm.ENCDEC: "#0072B2",
    Algorithm.FCGAN: "#D55E00",
    Algorithm.FLOW: "#009E73",
    Algorithm.ANY: "#CC79A7",
}
"""From Okabe and Ito's palette, which was made for readers with any colour vision."""

ALGORITHM_MARKERS = {Algorithm.ENCDEC: "o", Algorithm.FCGAN: "D", Algorithm.FLOW: "s", Algorithm.ANY: "^"}
"""Shapes say the same as the colours."""

GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's palette without its yellow, which is too pale on white."""

GROUP_MARKERS = ("o", "D", "s", "^", "v", "P", "X")
