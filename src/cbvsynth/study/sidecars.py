"""What the JSON files that lie beside an image in BIDS say: the units of maps, and any other value."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
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


class Sidecars:
    """The sidecars of a data root; each folder is listed once, when an image in it or below it first asks.

    Every image asks the root too, where a study has a folder for each patient.
    """

    def __init__(self, root: Path, stored: Mapping[PurePosixPath, PurePosixPath] | None = None) -> None:
        """Look below `root`, where files that lie there under other names do so as `stored` says."""
        self._root = root
        self._stored = stored
        self._listed: dict[PurePosixPath, dict[str, list[PurePosixPath]]] = {}

    def cbv_unit(self, image: PurePosixPath) -> StatedUnit:
        """`Units` of the nearest sidecar of a CBV map that states them."""
        try:
            found = self._nearest(image, "Units")
        except _UnreadableError:
            return StatedUnit(None, "the JSON sidecar of its CBV map cannot be read; correct it")
        return StatedUnit(None) if found is None else _known(found)

    def adc_unit(self, image: PurePosixPath) -> AdcUnit | None:
        """`Units` of an ADC map's nearest sidecar; None where none states a unit of ADC."""
        return named_adc_unit(str(self.value(image, "Units")))

    def value(self, image: PurePosixPath, key: str) -> object:
        """A value of the nearest sidecar that has it; None where none has, or it cannot be read."""
        try:
            return self._nearest(image, key)
        except _UnreadableError:
            return None

    def _nearest(self, image: PurePosixPath, key: str) -> object:
        """A value by the inheritance principle of BIDS; None where no sidecar has it.

        A sidecar lies in the image's folder or one above, ends in the same suffix, and has no entity that
        the image lacks; the nearest with the most entities counts.

        Raises:
            _UnreadableError: a sidecar on the way is no readable JSON inside the data root.
        """
        *entities, suffix = image.name.split(".", maxsplit=1)[0].split("_")
        for folder in image.parents:
            for sidecar in self._of_suffix(folder, suffix):
                if not set(sidecar.stem.split("_")[:-1]) <= set(entities):
                    continue
                content = self._content(sidecar)
                if isinstance(content, dict) and content.get(key) is not None:
                    return content[key]
        return None

    def _of_suffix(self, folder: PurePosixPath, suffix: str) -> list[PurePosixPath]:
        """A folder's JSON files that end in a suffix, those with the longest names first."""
        if folder not in self._listed:
            names = self._names(folder)
            by_suffix: dict[str, list[PurePosixPath]] = defaultdict(list)
            for name in sorted(names, key=lambda name: (-len(name), name)):
                if name.endswith(".json"):
                    by_suffix[name.removesuffix(".json").split("_")[-1]].append(folder / name)
            self._listed[folder] = dict(by_suffix)
        return self._listed[folder].get(suffix, [])

    def _names(self, folder: PurePosixPath) -> list[str]:
        if self._stored is not None:
            return [path.name for path in self._stored if path.parent == folder]
        try:
            return [path.name for path in (self._root / folder).iterdir()]
        except OSError:
            return []

    def _content(self, sidecar: PurePosixPath) -> object:
        place = sidecar if self._stored is None else self._stored[sidecar]
        path = self._root / place
        try:
            text = path.read_text(encoding="utf-8-sig") if _readable(self._root, place) else ""
            return json.loads(text)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise _UnreadableError from error


def _readable(root: Path, sidecar: PurePosixPath) -> bool:
    path = root / sidecar
    return not path_problem(root, sidecar) and path.is_file() and path.stat().st_size <= MAX_SIDECAR_BYTES


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
