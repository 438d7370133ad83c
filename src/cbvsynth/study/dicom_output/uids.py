"""New UIDs, under a root of one's own or, without one, made from random numbers as the standard allows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cbvsynth.errors import UsageError

LONGEST_ROOT = 32
"""Characters; of the 64 that a UID has, the other half keeps random UIDs apart."""

_UID = re.compile(r"[012](\.(0|[1-9][0-9]*))+")


@dataclass(frozen=True)
class NewUids:
    """Makes UIDs that nobody had before.

    Args:
        root: of one's organisation, as in 1.2.840.99999; empty for 2.25 and a random UUID, which need none.

    Raises:
        UsageError: the root is no UID, or too long.
    """

    root: str = ""

    def __post_init__(self) -> None:
        if self.root and (not _UID.fullmatch(self.root) or len(self.root) > LONGEST_ROOT):
            raise UsageError(
                f"The root of new UIDs is '{self.root}'; expected numbers with dots between them, as in "
                f"1.2.840.99999, and at most {LONGEST_ROOT} characters."
            )

    def new(self) -> str:
        """One more."""
        from pydicom.uid import generate_uid

        return str(generate_uid(prefix=f"{self.root}." if self.root else None))
