"""Where the data of a run come from; it travels with the cached arrays and with every model made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

BY_PHANTOM: Final = "phantom"
BY_USER: Final = "user"


@dataclass(frozen=True)
class Origin:
    """Who made the study: the digital phantom, the user, or nobody knows.

    Attributes:
        made_by: `BY_PHANTOM`, `BY_USER`, or empty where it was not recorded.
        seed: of the phantom; None for other studies.
        digest: of the phantom's files; empty for other studies.
    """

    made_by: Literal["", "phantom", "user"] = ""
    seed: int | None = None
    digest: str = ""

    @property
    def words(self) -> str:
        """The origin as a person reads it."""
        if self.made_by == BY_PHANTOM:
            return f"digital phantom, seed {self.seed}, digest {self.digest}"
        return "a study of the user's" if self.made_by == BY_USER else "not recorded"


NOT_RECORDED = Origin()
