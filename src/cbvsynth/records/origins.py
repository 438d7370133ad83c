"""Where the data of a run come from; it travels with the cached arrays and with every model made of them."""

from __future__ import annotations

from dataclasses import dataclass

BY_PHANTOM, BY_USER = "phantom", "user"


@dataclass(frozen=True)
class Origin:
    """Who made the study: the digital phantom, the user, or nobody knows.

    Attributes:
        made_by: `BY_PHANTOM`, `BY_USER`, or empty where it was not recorded.
        seed: of the phantom; None for other studies.
        digest: of the phantom's files; empty for other studies.
    """

    made_by: str = ""
    seed: int | None = None
    digest: str = ""

    @property
    def words(self) -> str:
        """The origin as a person reads it."""
        if self.made_by == BY_PHANTOM:
            return f"digital phantom, seed {self.seed}, digest {self.digest}"
        return "a study of the user's" if self.made_by == BY_USER else "not recorded"


def origin_from(content: object) -> Origin:
    """The origin that a JSON file holds; unknown where the file was written before origins were recorded.

    Raises:
        ValueError: it is something else.
    """
    if content is None:
        return Origin()
    if not isinstance(content, dict):
        raise ValueError(f"origin is {content!r}; expected an object")  # noqa: TRY004  # the codecs catch ValueError
    made_by, seed, digest = content.get("made_by"), content.get("seed"), content.get("digest")
    if made_by not in ("", BY_PHANTOM, BY_USER):
        raise ValueError(f"origin is made by {made_by!r}; expected '{BY_PHANTOM}' or '{BY_USER}'")
    if not isinstance(digest, str) or not (seed is None or isinstance(seed, int)):
        raise ValueError("origin has no digest or no seed")
    return Origin(made_by, seed, digest)
