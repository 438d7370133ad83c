"""Every option of every command, for tests that type each of them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

from cbvsynth.cli import all_commands

NEEDED = {
    "clinical analyse": ["reads.csv"],
    "clinical prognosis": ["survival.csv"],
    "pipeline schedule": ["--cron", "0 0 3 * * 1"],
    "pipeline status": ["run"],
    "predict": ["--t1", "t1.nii.gz", "--out", "cbv.nii.gz"],
    "reader-study analyse": ["scores.csv"],
    "score": ["--data", "site"],
    "serving demo": ["--once"],
    "serving sync": ["--once"],
    "train": ["--model", "encdec-t1"],
}
"""What else a command must be given to be run at all."""


def options() -> Iterator[tuple[str, str, Any]]:
    """Command, option and annotated type; a flag that is counted is annotated and so is no plain int."""
    for name, command in all_commands().items():
        hints = get_type_hints(command.run, include_extras=True)
        for parameter in inspect.signature(command.run).parameters:
            kind = getattr(hints[parameter], "__origin__", None)
            grouped = dataclasses.is_dataclass(kind)
            fields = get_type_hints(kind, include_extras=True) if grouped else {parameter: hints[parameter]}
            yield from ((name, field, hint) for field, hint in fields.items())
