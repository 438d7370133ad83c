"""What was seen under load, and what of it went wrong."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """One answered request; times are those of one clock, seconds."""

    begin: float
    end: float
    version: int
    asked: str
    right: bool


@dataclass
class Record:
    """What was seen: replies, errors, states of the server, and when the stable version was settled."""

    replies: list[Reply] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    live: list[tuple[float, frozenset[int]]] = field(default_factory=list)
    settled: list[tuple[float, float, int]] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Counts:
    """The result. All but `answered` and `events` must be 0."""

    answered: int
    lost: tuple[str, ...]
    wrong: int
    unattributed: int
    stale: int
    versions: Mapping[int, int]
    events: Mapping[str, int]
    median_ms: float
    slowest_ms: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return self.answered > 0 and not (self.lost or self.wrong or self.unattributed or self.stale)

    def __str__(self) -> str:
        happened = ", ".join(f"{count} {event}" for event, count in sorted(self.events.items()))
        versions = ", ".join(
            f"{count} by version {number}" for number, count in sorted(self.versions.items())
        )
        lost = "".join(f"\n    {error}" for error in self.lost[:5])
        return (
            f"meanwhile: {happened}\n"
            f"  answered                                       {self.answered} ({versions})\n"
            f"  lost                                           {len(self.lost)}{lost}\n"
            f"  maps that are not those of the version named   {self.wrong}\n"
            f"  replies by a version that was not loaded       {self.unattributed}\n"
            f"  replies by a version whose label had moved     {self.stale}\n"
            f"  median and slowest reply, ms                   {self.median_ms:.0f}, {self.slowest_ms:.0f}"
        )


def count(record: Record) -> Counts:
    """What went wrong among the replies."""
    times = [1e3 * (reply.end - reply.begin) for reply in record.replies] or [0.0]
    return Counts(
        answered=len(record.replies),
        lost=tuple(record.lost),
        wrong=sum(not reply.right for reply in record.replies),
        unattributed=sum(not _was_live(record, reply) for reply in record.replies),
        stale=sum(_is_stale(record, reply) for reply in record.replies),
        versions=Counter(reply.version for reply in record.replies),
        events=dict(record.events),
        median_ms=statistics.median(times),
        slowest_ms=max(times),
    )


def _was_live(record: Record, reply: Reply) -> bool:
    """Whether the server said so at a look during the request, or at the one before or after it."""
    before = [live for at, live in record.live if at <= reply.begin][-1:]
    during = [live for at, live in record.live if reply.begin < at < reply.end]
    after = [live for at, live in record.live if at >= reply.end][:1]
    return any(reply.version in live for live in (*before, *during, *after))


def _is_stale(record: Record, reply: Reply) -> bool:
    """Whether another version than the settled one answered a request that lay within its time."""
    if reply.asked == "without T1C":
        return False
    return any(
        begin <= reply.begin and reply.end <= end and reply.version != version
        for begin, end, version in record.settled
    )
