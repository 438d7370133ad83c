"""selection.json: which served version is best for each set of available sequences.

sync writes it beside models.config whenever the registry's aliases move; the client reads it. It says
the same as the server's own labels `available-<pattern>` and adds the mean SSIM.

    {
      "format": 1,
      "registered_name": "cbvsynth",
      "select_by": "ssim_3d_whole",
      "labels": {"canary": 9, "stable": 7},
      "versions": {
        "7": {"model": "encdec-t1-t1c-adc", "sequences": ["t1", "t1c", "adc"], "digest": "4f...",
              "target_unit": "mL/100g", "ssim": 0.8629}, ...
      },
      "patterns": {"t1": 3, ..., "t1-t2-t1c-flair-adc": 7}
    }

A pattern for which no model passed the gate is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.sequences import Combination, ModelId, Sequence, TargetUnit, all_combinations
from cbvsynth.errors import ModelError, UsageError
from cbvsynth.records.json_codec import JsonFile

SELECTION_FILE = "selection.json"
STABLE = "stable"
"""Label of the version that is champion in the registry."""
PREVIOUS = "previous"
"""Label of the version that the champion replaced: it stays loaded, so that going back is instant."""
CANARY = "canary"
"""Label of the version on trial, and the registry's alias of it."""
PATTERN_LABEL_PREFIX = "available-"
"""How the server's label of a pattern begins, as does the registry's alias."""


def pattern_label(pattern: Combination) -> str:
    """The server's label of the best version for a set of available sequences: ``available-t1-t2``."""
    return f"{PATTERN_LABEL_PREFIX}{pattern.slug}"


@dataclass(frozen=True)
class ServedVersion:
    """One version of the registered model that the server is told to load.

    digest: of its SavedModel, as `records.storage.tree_digest` gives it; empty where it is not known.
    ssim: mean SSIM (0-1) of its held-out examinations; None where it is not known.
    """

    version: int
    model: ModelId
    target_unit: TargetUnit
    digest: str = ""
    ssim: float | None = None


@dataclass(frozen=True)
class Selection:
    """The content of selection.json.

    labels: label such as stable or canary -> version number; pattern labels are not repeated here.
    patterns: available sequences -> number of the best version.
    select_by: SSIM column that the ranking rests on and that `ServedVersion.ssim` is the mean of.

    Raises:
        ModelError: a label or pattern points at a version that is not listed, or at one that needs a
            sequence which the pattern does not have.
    """

    registered_name: str
    select_by: str
    versions: tuple[ServedVersion, ...]
    patterns: Mapping[Combination, int]
    labels: Mapping[str, int]

    def __post_init__(self) -> None:
        by_number = {served.version: served for served in self.versions}
        if len(by_number) != len(self.versions):
            raise ModelError(f"{SELECTION_FILE} lists a version twice; expected each one once. Sync again.")
        pointers = {**{pattern.slug: number for pattern, number in self.patterns.items()}, **self.labels}
        for name, number in pointers.items():
            if number not in by_number:
                raise ModelError(
                    f"{SELECTION_FILE}: '{name}' points at version {number}, which is not among the versions "
                    f"{', '.join(map(str, sorted(by_number))) or 'listed (none)'}. Sync again."
                )
        for pattern, number in self.patterns.items():
            model = by_number[number].model
            if not model.combination.usable_with(pattern.sequences):
                raise ModelError(
                    f"{SELECTION_FILE}: '{pattern}' points at version {number}, {model}, which needs more "
                    "than these sequences. Sync again."
                )

    def version(self, number: int) -> ServedVersion | None:
        """A listed version by its number."""
        return next((served for served in self.versions if served.version == number), None)

    def best_for(self, available: Combination) -> ServedVersion | None:
        """The best version for exactly these available sequences; None when none for them passed the gate."""
        number = self.patterns.get(available)
        return None if number is None else self.version(number)


@dataclass(frozen=True)
class _Entry:
    model: str
    sequences: tuple[Sequence, ...]
    digest: str
    target_unit: TargetUnit
    ssim: float | None


@dataclass(frozen=True)
class _Content:
    registered_name: str
    select_by: str
    labels: Mapping[str, int]
    versions: Mapping[int, _Entry]
    patterns: Mapping[str, int]


_FILE = JsonFile(
    _Content,
    "a selection of models",
    maker="sync",
    remedy="Use the cbvsynth version that wrote it, or sync again.",
    version=1,
    open_ended=True,
    error=ModelError,
)


def write_selection(path: Path, selection: Selection) -> None:
    """Write selection.json atomically; the same content gives the same bytes."""
    versions = sorted(selection.versions, key=lambda served: served.version)
    _FILE.write(
        path,
        _Content(
            registered_name=selection.registered_name,
            select_by=selection.select_by,
            labels=dict(sorted(selection.labels.items())),
            versions={served.version: _entry(served) for served in versions},
            patterns={
                pattern.slug: selection.patterns[pattern]
                for pattern in all_combinations(Sequence)
                if pattern in selection.patterns
            },
        ),
    )


def read_selection(path: Path) -> Selection:
    """Read what `write_selection` wrote; keys that a later version may add are ignored.

    Raises:
        ModelError: the file is missing, damaged, of another format, or contradicts itself.
    """
    try:
        content = _FILE.decode(path.read_bytes(), path.name)
        return Selection(
            registered_name=content.registered_name,
            select_by=content.select_by,
            versions=tuple(_served(number, entry) for number, entry in content.versions.items()),
            patterns={Combination.parse(slug): number for slug, number in content.patterns.items()},
            labels=content.labels,
        )
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.name} does not exist; expected the file that sync writes beside models.config. Give the "
            "right --selection, or leave it out to ask the server."
        ) from error
    except UsageError as error:
        raise ModelError(
            f"{path.name} cannot be read ({error}); expected what sync wrote. Sync again."
        ) from error


def _entry(served: ServedVersion) -> _Entry:
    model = served.model
    return _Entry(model.slug, model.combination.sequences, served.digest, served.target_unit, served.ssim)


def _served(number: int, entry: _Entry) -> ServedVersion:
    model = ModelId.parse(entry.model)
    if entry.sequences != model.combination.sequences:
        raise ModelError(
            f"{SELECTION_FILE}: version {number} calls itself '{model}' but names the inputs "
            f"{', '.join(entry.sequences)}; expected the two to agree. Sync again."
        )
    return ServedVersion(number, model, entry.target_unit, entry.digest, entry.ssim)
