"""What the receipt of the study says, for those who only need to know whether it is the phantom."""

from __future__ import annotations

import json
from pathlib import Path

from cbvsynth.errors import DataError
from cbvsynth.records.storage import write_text

RECEIPT_FILE = "data.json"


def is_phantom(artifacts: Path) -> bool:
    """Whether the run beside this receipt worked on the digital phantom; False where that is not known."""
    return _receipt(artifacts).get("made_by") == "phantom"


def phantom_seed(artifacts: Path) -> int | None:
    """The seed of the phantom that a run worked on; None where it was no phantom, or that is not known."""
    settings = _receipt(artifacts).get("settings")
    seed = settings.get("seed") if isinstance(settings, dict) else None
    return seed if isinstance(seed, int) and is_phantom(artifacts) else None


def carry_receipt(source: Path, target: Path) -> None:
    """Put the receipt that lies in one folder into another, beside what was made from the study.

    Raises:
        DataError: there is none.
    """
    try:
        content = (source / RECEIPT_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{source.name}/{RECEIPT_FILE} cannot be read ({type(error).__name__}); expected the receipt of "
            "the study, from validate. Start the run again."
        ) from error
    write_text(target / RECEIPT_FILE, content)


def _receipt(artifacts: Path) -> dict[str, object]:
    try:
        content = json.loads((artifacts / RECEIPT_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
