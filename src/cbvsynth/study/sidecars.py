"""What the JSON files that lie beside an image in BIDS say: the units of maps, and any other value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.domain.adc_units import AdcUnit, named_adc_unit
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.study.paths import path_problem

MAX_SIDECAR_BYTES = 16 << 20
"""Largest sidecar that is read; real ones hold kilobytes. Our choice."""

_UNITS = {
    "ml/100g": TargetUnit.ML_PER_100G,
    "ml/(100g)": TargetUnit.ML_PER_100G,
    "ml/100gtissue": TargetUnit.ML_PER_100G,
    "relative": TargetUnit.RELATIVE,
    "ratio": TargetUnit.RELATIVE,
    "arbitrary": TargetUnit.RELATIVE,
    "arbitraryunits": TargetUnit.RELATIVE,
    "a.u.": TargetUnit.RELATIVE,
    "au": TargetUnit.RELATIVE,
    "1": TargetUnit.RELATIVE,
}


_PER_100_ML = frozenset({"ml/100ml", "ml/(100ml)", "ml/100mltissue", "%", "percent", "vol%"})
_NOTHING = frozenset({"", "n/a", "na", "none", "unknown"})
TISSUE_DENSITY_G_PER_ML = 1.05
"""Of brain, by which mL/100 mL becomes mL/100 g. A usual value; with 1.04 results differ by 1 %."""


@dataclass(frozen=True)
class StatedUnit:
    """A unit and the factor to it; None when no sidecar states one.

    `problem` says why what is stated cannot be used.
    """

    unit: TargetUnit | None
    problem: str = ""
    factor: float = 1.0


class _UnreadableError(Exception):
    """A sidecar that applies and cannot be read."""


def stated_unit(root: Path, image: PurePosixPath) -> StatedUnit:
    """`Units` of the nearest sidecar of an image that states them."""
    try:
        found = _nearest(root, image, "Units")
    except _UnreadableError:
        return StatedUnit(None, "the JSON sidecar of its CBV map cannot be read; correct it")
    return StatedUnit(None) if found is None else _known(found)


def stated_adc_unit(root: Path, image: PurePosixPath) -> AdcUnit | None:
    """`Units` of an ADC map's nearest sidecar; None where none states a unit of ADC."""
    return named_adc_unit(str(sidecar_value(root, image, "Units")))


def sidecar_value(root: Path, image: PurePosixPath, key: str) -> object:
    """A value of the nearest sidecar that has it; None where none has, or it cannot be read."""
    try:
        return _nearest(root, image, key)
    except _UnreadableError:
        return None


def _nearest(root: Path, image: PurePosixPath, key: str) -> object:
    """A value by the inheritance principle of BIDS; None where no sidecar has it.

    A sidecar lies in the image's folder or one above, ends in the same suffix, and has no entity that
    the image lacks; the nearest with the most entities counts.

    Raises:
        _UnreadableError: a sidecar on the way is no readable JSON inside the data root.
    """
    *entities, suffix = image.name.split(".", maxsplit=1)[0].split("_")
    for folder in image.parents:
        candidates = sorted((root / folder).glob(f"*{suffix}.json"), key=lambda path: (-len(path.stem), path))
        for path in candidates:
            *own, own_suffix = path.stem.split("_")
            if own_suffix != suffix or not set(own) <= set(entities):
                continue
            try:
                text = path.read_text(encoding="utf-8-sig") if _readable(root, path) else ""
                content = json.loads(text)
            except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
                raise _UnreadableError from error
            if isinstance(content, dict) and content.get(key) is not None:
                return content[key]
    return None


def _readable(root: Path, path: Path) -> bool:
    inside = not path_problem(root, PurePosixPath(path.relative_to(root).as_posix()))
    return inside and path.is_file() and path.stat().st_size <= MAX_SIDECAR_BYTES


def _known(stated: object) -> StatedUnit:
    words = "".join(str(stated).split()).lower()
    if words in _NOTHING:
        return StatedUnit(None)
    if words in _PER_100_ML:
        return StatedUnit(TargetUnit.ML_PER_100G, factor=1.0 / TISSUE_DENSITY_G_PER_ML)
    if words in _UNITS:
        return StatedUnit(_UNITS[words])
    return StatedUnit(
        None, f"its CBV sidecar states Units '{str(stated)[:40]}'; expected mL/100g, mL/100mL or relative"
    )
