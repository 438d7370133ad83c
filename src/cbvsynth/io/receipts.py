"""What the receipt of the study says, for those who only need to know whether it is the phantom."""

from __future__ import annotations

import json
from pathlib import Path

RECEIPT_FILE = "data.json"


def is_phantom(artifacts: Path) -> bool:
    """Whether the run beside this receipt worked on the digital phantom; False where that is not known."""
    try:
        content = json.loads((artifacts / RECEIPT_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return False
    return isinstance(content, dict) and content.get("made_by") == "phantom"
