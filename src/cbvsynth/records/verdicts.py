"""The verdict on disk: verdict.json, without times or places, so that equal evidence is an equal file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cbvsynth.domain.selection.records import (
    ChampionComparison,
    Check,
    Evidence,
    GateSettings,
    Outcome,
    Standing,
    Verdict,
)
from cbvsynth.errors import ResultError, UsageError
from cbvsynth.records.storage import write_json

VERDICT_FORMAT = 1


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON values, in the order in which people read it."""
    return {
        "format": VERDICT_FORMAT,
        "promote": verdict.promote,
        **json.loads(json.dumps(asdict(verdict), allow_nan=False)),
    }


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write verdict.json atomically."""
    write_json(path, verdict_record(verdict))


def read_verdict(path: Path) -> Verdict:
    """Read what `write_verdict` wrote.

    Raises:
        ResultError: the file is missing, of another format, or contradicts itself.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != VERDICT_FORMAT:
            raise ResultError(
                f"{path.name} has format {content['format']}, expected {VERDICT_FORMAT}. Run evaluate again."
            )
        verdict = _verdict(content)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run evaluate first.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise ResultError(f"{path.name} is not a verdict ({error}); run evaluate again.") from error
    if verdict.promote != content["promote"] or (verdict.promote and verdict.candidate is None):
        raise ResultError(
            f"{path.name} contradicts itself: outcome '{verdict.outcome}', promote {content['promote']}, "
            f"candidate {verdict.candidate.model if verdict.candidate else 'none'}. Run evaluate again."
        )
    return verdict


def _verdict(content: Mapping[str, Any]) -> Verdict:
    values = {name: value for name, value in content.items() if name not in ("format", "promote")}
    settings = dict(values["settings"])
    settings["required_baselines"] = tuple(settings["required_baselines"])
    return Verdict(
        **{
            **values,
            "outcome": Outcome(values["outcome"]),
            "candidate": None if values["candidate"] is None else _standing(values["candidate"]),
            "refused": tuple(_standing(entry) for entry in values["refused"]),
            "leaders": tuple(_standing(entry) for entry in values["leaders"]),
            "champion": None if values["champion"] is None else _champion(values["champion"]),
            "settings": GateSettings(**settings),
            "evidence": Evidence(**values["evidence"]),
        }
    )


def _standing(entry: Mapping[str, Any]) -> Standing:
    return Standing(**{**entry, "checks": _checks(entry["checks"])})


def _champion(entry: Mapping[str, Any]) -> ChampionComparison:
    return ChampionComparison(**{**entry, "checks": _checks(entry["checks"])})


def _checks(entries: list[Mapping[str, Any]]) -> tuple[Check, ...]:
    return tuple(Check(**entry) for entry in entries)
