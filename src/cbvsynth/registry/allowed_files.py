"""Which files a SavedModel of this project may hold.

promote stores nothing else in the registry, and sync hands nothing else to a server: one list, so that
neither takes what the other refuses. It names what is allowed, since what runs code when it is loaded
(pickles, Python, libraries, scripts) has endings without number.
"""

from __future__ import annotations

import re
from pathlib import Path

from cbvsynth.records.golden import GOLDEN_FILE

_ALLOWED = re.compile(
    r"saved_model\.pb"
    r"|variables/variables\.(index|data-\d{5}-of-\d{5})"
    rf"|{re.escape(GOLDEN_FILE)}"
    r"|assets\.extra/tf_serving_warmup_requests"
)


EXPECTED = "nothing but saved_model.pb, its variables, and the golden and warm-up requests"
"""The list, in words."""


def stray_file(folder: Path) -> str | None:
    """The first link, or file that is not on the list, by POSIX path; None where there is none."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or _ALLOWED.fullmatch(name)):
            return name
    return None
