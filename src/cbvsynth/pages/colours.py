"""Colours and marks of all charts: readers with any colour vision can tell them apart."""

from __future__ import annotations

from cbvsynth.domain.sequences import Algorithm

ALGORITHM_COLOURS = {Algorithm.ENCDEC: "#0072B2", Algorithm.FCGAN: "#D55E00"}
"""From Okabe and Ito's palette, which readers with any colour vision can tell apart."""

ALGORITHM_MARKERS = {Algorithm.ENCDEC: "o", Algorithm.FCGAN: "D"}
"""Shapes say the same as the colours."""

INK = "#1a1a1a"
MUTED = "#6b6b6b"
FAINT = "#d9d9d9"

GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe and Ito's palette without its yellow, which is too pale on white."""

GROUP_MARKERS = ("o", "D", "s", "^", "v", "P", "X")
