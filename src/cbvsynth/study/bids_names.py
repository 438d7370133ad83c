"""What the names and sidecars of BIDS say beyond the suffix, and which of several files is taken.

Stated rules, so that nothing is guessed: a part of an image (`part-phase`, `chunk-`) is none; contrast is
read from `ce-`, from `acq-` and from ContrastBolusIngredient; a segmentation is a lesion's only where its
name or its table says so; images of one examination share a space. Of several files for one role the raw one
comes before a derivative, then the one with fewest entities, then the lowest `run-`; files that differ
otherwise are a tie, which a person decides.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.study.paths import path_problem
from cbvsynth.study.sidecars import Sidecars

MAX_LOOKUP_BYTES = 1 << 20
"""Largest table of labels that is read; real ones hold kilobytes. Our choice."""

_PLACE = frozenset({"sub", "ses", "space"})
_WHOLE_PARTS = frozenset({"", "mag"})
# Of the words of an `acq-`, in lower case with spaces between them; GDC is a correction of gradients.
_AGENT = r"(?:gd|gad|ce|con|km|inj|enh)"
_NO_CONTRAST = re.compile(
    r"(?<![a-z])pre(?! ?(?:op|surg|treat|rt|rad|chemo|sat))|(?<![a-z])without|"
    rf"(?<![a-z])(?:non?|wo) ?(?:{_AGENT}|$)|(?:pre|non){_AGENT}"
)
_CONTRAST = re.compile(r"(?<![a-z])gd(?!c)|gd$|gad|contrast|post ?(?:$|gd|ce|con|inj)|(?<![a-z])ce$|^t1 ?c$")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GADOLINIUM_WORD = re.compile(r"(?i)gad|gd")
_NO_INGREDIENT = frozenset({"", "none", "n/a", "na", "no"})
_TEMPLATE = re.compile(r"(?i)(?:MNI|ICBM|SRI24|Talairach|fsaverage|fsLR|OASIS|NKI|PNC|UNC|ATLAS|template)\w*")
_LESION_WORD = re.compile(r"(?i)lesion|tumou?r|o?edema|necro|enhanc|metasta|glio")
_ENHANCING_WORD = re.compile(r"(?i)(?<!non)(?<!non[-_ ])enhanc")


@dataclass(frozen=True)
class Lookup:
    """What the table of a segmentation says: whether it shows a lesion, and enhancing tumour's number."""

    is_lesion: bool
    enhancing_label: str = ""


def entities(path: str) -> dict[str, str]:
    """Entities of a file's name, as in ``{"sub": "012", "acq": "se"}``."""
    stem = PurePosixPath(path).name.split(".", maxsplit=1)[0]
    return {key: value for part in stem.split("_") for key, _, value in (part.partition("-"),) if value}


def part_problem(path: str) -> str:
    """Why a file is not a whole magnitude image; empty when it is."""
    found = entities(path)
    if found.get("part", "") not in _WHOLE_PARTS:
        return f"part-{found['part']} is no magnitude image"
    if "chunk" in found:
        return f"chunk-{found['chunk']} is a part of the head; put the chunks together"
    return ""


def contrast(sidecars: Sidecars, path: str) -> str:
    """Why a T1w without `ce-` is an image after contrast agent; empty when nothing says so."""
    acquisition = entities(path).get("acq", "")
    spelled = _WORD_STARTS.sub(" ", acquisition).lower()
    if _CONTRAST.search(spelled) and not _NO_CONTRAST.search(spelled):
        return f"acq-{acquisition}"
    ingredient = sidecars.value(PurePosixPath(path), "ContrastBolusIngredient")
    words = " ".join(map(str, ingredient)) if isinstance(ingredient, list) else str(ingredient or "")
    if words.strip().lower() in _NO_INGREDIENT:
        return ""
    return "ContrastBolusIngredient" if _GADOLINIUM_WORD.search(words) else ""


def space(path: str) -> str:
    """The template whose space a file is in; empty for the patient's own, whichever image names it."""
    named = entities(path).get("space", "")
    return named if _TEMPLATE.fullmatch(named) else ""


def lookup(root: Path, path: str) -> Lookup:
    """Read the `_dseg.tsv` beside a segmentation, or the one of its derivative's folder."""
    image = PurePosixPath(path)
    beside = image.with_name(image.name.split(".", maxsplit=1)[0] + ".tsv")
    above = [folder / "dseg.tsv" for folder in image.parents]
    names = next((found for one in (beside, *above) if (found := _label_names(root, one))), {})
    enhancing = [number for number, name in names.items() if _ENHANCING_WORD.search(name)]
    return Lookup(
        any(_LESION_WORD.search(name) for name in names.values()),
        enhancing[0] if len(enhancing) == 1 and enhancing[0] in ("3", "4") else "",
    )


def _label_names(root: Path, relative: PurePosixPath) -> dict[str, str]:
    path = root / relative
    # Most folders have no such table, and asking for one costs less than following its links.
    if not path.is_file() or path_problem(root, relative) or path.stat().st_size > MAX_LOOKUP_BYTES:
        return {}
    rows = csv.DictReader(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), delimiter="\t")
    return {(row.get("index") or "").strip(): row.get("name") or "" for row in rows}


@dataclass(frozen=True)
class Choice:
    """The file taken, and why each other one is not; none is taken at a tie."""

    taken: str
    reasons: dict[str, str]


def choose(paths: Sequence[str], prefer: Sequence[str] = ()) -> Choice:
    """One of several files for one role, all of the same rule.

    Args:
        paths: the files; one or more.
        prefer: entities (``acq-se``) or folders (``hd-bet``) that a person prefers, the first first.
    """
    left = list(paths)
    reasons: dict[str, str] = {}

    def keep(kept: list[str], why: str) -> None:
        reasons.update({path: why for path in left if path not in kept})
        left[:] = kept

    for wanted in prefer:
        kept = [path for path in left if wanted in _words(path)]
        if kept and len(kept) < len(left):
            keep(kept, f"{wanted} is preferred")
    fewest = min(len(_traits(path)) for path in left)
    keep([path for path in left if len(_traits(path)) == fewest], "the one with fewer entities is taken")
    if len({(frozenset(_traits(path).items()), _pipeline(path)) for path in left}) == 1:
        first = min(left, key=lambda path: (_run(path), path))
        keep([first], "the first run is taken")
    if len(left) == 1:
        return Choice(left[0], reasons)
    words = " or ".join(sorted(_difference(left)))
    asked = f"nothing says which one to take; say so with --prefer {words}, or in a manifest.csv"
    return Choice("", {**reasons, **dict.fromkeys(left, asked)})


def _traits(path: str) -> dict[str, str]:
    return {key: value for key, value in entities(path).items() if key not in _PLACE | {"run"}}


def _run(path: str) -> int:
    run = entities(path).get("run", "0")
    return int(run) if run.isdecimal() else 0


def _pipeline(path: str) -> str:
    parts = PurePosixPath(path).parts
    return parts[1] if parts[0] == "derivatives" else ""


def _words(path: str) -> set[str]:
    return {*(f"{key}-{value}" for key, value in entities(path).items()), _pipeline(path)} - {""}


def _difference(paths: Sequence[str]) -> set[str]:
    counts = Counter(word for path in paths for word in _words(path))
    return {word for word, count in counts.items() if count < len(paths)}
