"""The verdict on disk: verdict.json, without times or places, so that equal evidence is an equal file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cbvsynth.domain.selection.records import Verdict
from cbvsynth.errors import ResultError
from cbvsynth.records.json_codec import JsonFile

_FILE = JsonFile(Verdict, "a verdict", maker="evaluate", version=1, derived=("promote",))


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON values, in the order in which people read it."""
    return _FILE.content(verdict)


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write verdict.json atomically."""
    _FILE.write(path, verdict)


def read_verdict(path: Path) -> Verdict:
    """Read what `write_verdict` wrote.

    Raises:
        ResultError: the file is missing, of another format, or contradicts itself.
    """
    verdict = _FILE.read_if_there(path)
    if verdict is None:
        raise ResultError(
            f"{path} does not exist; run evaluate first. Where one was cut short, DVC had removed the one "
            f"before: `dvc checkout {path.parent}` brings it back, `dvc repro evaluate` makes another."
        )
    if verdict.promote and verdict.candidate is None:
        raise ResultError(
            f"{path} contradicts itself: the outcome is '{verdict.outcome}', and there is no candidate. "
            "Run evaluate again."
        )
    return verdict
