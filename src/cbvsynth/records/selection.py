"""selection.json: which served version is best for each set of available sequences.

sync writes it beside models.config whenever the registry's aliases moved; the client reads it. It says
the same as the server's own labels `available-<pattern>`, and the mean SSIM with it.

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

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit, all_combinations
from cbvsynth.errors import ModelError, UsageError
from cbvsynth.records.storage import write_json

SELECTION_FILE = "selection.json"
SELECTION_FORMAT = 1
STABLE = "stable"
"""Label of the version that is champion in the registry."""
CANARY = "canary"
"""Label of the version that challenges it."""
PATTERN_LABEL_PREFIX = "available-"
"""Beginning of the server's label for a pattern, the same as of the registry's alias."""


def pattern_label(pattern: Combination) -> str:
    """The server's label of the best version for a set of available sequences: ``available-t1-t2``."""
    return f"{PATTERN_LABEL_PREFIX}{pattern.slug}"


@dataclass(frozen=True)
class ServedVersion:
    """One version of the registered model that the server is told to load.

    digest: of its SavedModel, as `io.storage.tree_digest` gives it; empty where it is not known.
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
            sequence which the pattern has not.
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
        """The best version when these sequences are available; None when no model passed for them."""
        number = self.patterns.get(available)
        return None if number is None else self.version(number)


def write_selection(path: Path, selection: Selection) -> None:
    """Write selection.json atomically; the same content gives the same bytes."""
    versions = sorted(selection.versions, key=lambda served: served.version)
    write_json(
        path,
        {
            "format": SELECTION_FORMAT,
            "registered_name": selection.registered_name,
            "select_by": selection.select_by,
            "labels": dict(sorted(selection.labels.items())),
            "versions": {str(served.version): _entry(served) for served in versions},
            "patterns": {
                pattern.slug: selection.patterns[pattern]
                for pattern in all_combinations()
                if pattern in selection.patterns
            },
        },
    )


def read_selection(path: Path) -> Selection:
    """Read what `write_selection` wrote; keys that a later version may add are ignored.

    Raises:
        ModelError: the file is missing, damaged, of another format, or contradicts itself.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = content["format"]
        if found != SELECTION_FORMAT:
            raise ModelError(
                f"{path.name} has format {found}, expected {SELECTION_FORMAT}. Use the cbvsynth version that "
                "wrote it, or sync again."
            )
        return Selection(
            registered_name=str(content["registered_name"]),
            select_by=str(content["select_by"]),
            versions=tuple(_served(int(number), entry) for number, entry in content["versions"].items()),
            patterns={Combination.parse(slug): int(number) for slug, number in content["patterns"].items()},
            labels={str(label): int(number) for label, number in content["labels"].items()},
        )
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.name} does not exist; expected the file that sync writes beside models.config. Give the "
            "right --selection, or leave it out to ask the server."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise ModelError(
            f"{path.name} cannot be read ({type(error).__name__}); expected what sync wrote. Sync again."
        ) from error


def _entry(served: ServedVersion) -> dict[str, object]:
    return {
        "model": served.model.slug,
        "sequences": list(served.model.combination.sequences),
        "digest": served.digest,
        "target_unit": served.target_unit.value,
        "ssim": served.ssim,
    }


def _served(number: int, entry: Mapping[str, Any]) -> ServedVersion:
    model = ModelId.parse(entry["model"])
    if tuple(entry["sequences"]) != model.combination.sequences:
        raise ModelError(
            f"{SELECTION_FILE}: version {number} calls itself '{model}' but names the inputs "
            f"{', '.join(entry['sequences'])}; expected the two to agree. Sync again."
        )
    ssim = entry["ssim"]
    return ServedVersion(
        version=number,
        model=model,
        target_unit=TargetUnit(entry["target_unit"]),
        digest=str(entry["digest"]),
        ssim=None if ssim is None else float(ssim),
    )
