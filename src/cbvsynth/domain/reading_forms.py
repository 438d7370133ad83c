"""What readers are asked of a map: our blinded form, and the paper's form against the truth."""

from __future__ import annotations

from dataclasses import dataclass

POINTS = 4
"""Points of every form's scale, from 0. The paper's."""


@dataclass(frozen=True)
class Criterion:
    """One question about a map; `key` names it in tables, `title` for people; each once over all forms."""

    key: str
    title: str
    question: str


@dataclass(frozen=True)
class Form:
    """Questions that are answered together, on one scale."""

    key: str
    """Names it in files."""
    title: str
    columns: tuple[str, ...]
    """What stands side by side for each map."""
    criteria: tuple[Criterion, ...]
    scale: tuple[str, ...]
    """Words for the scores, from 0."""


BLINDED = Form(
    key="blinded",
    title="Blinded: each map by itself",
    columns=("Anatomy", "CBV map"),
    criteria=(
        Criterion(
            "anatomy", "Anatomy", "Are cortex, white matter and vessels where the anatomical image has them?"
        ),
        Criterion("lesion", "Lesion", "Can the blood volume of the lesion be told from its surroundings?"),
        Criterion(
            "artefacts", "Artefacts", "Is the map free of noise, blur and structures that cannot be there?"
        ),
    ),
    scale=("not usable", "poor", "fair", "good"),
)
"""Ours. Real and synthetic maps are scored alike, so that the two can be compared."""

AGAINST_TRUTH = Form(
    key="against-truth",
    title="Against the truth: the synthetic map beside the real one",
    columns=("Anatomy", "Real CBV map, the truth", "Synthetic CBV map"),
    criteria=(
        Criterion(
            "distribution",
            "Perfusion distribution",
            "Are high and low perfusion of the lesion where the real map has them?",
        ),
        Criterion("degree", "Perfusion degree", "Is the perfusion of the lesion as high as in the real map?"),
        Criterion(
            "border", "Border and shape", "Has the perfused lesion the border and shape of the real map's?"
        ),
    ),
    scale=("very poor", "poor", "good", "very good"),
)
"""The paper's three criteria and the ends of its scale; the questions' wording and the two words between are
ours."""

FORMS = (BLINDED, AGAINST_TRUTH)
