"""Bytes of the requests that are being answered, bounded together: many small ones are a large one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cbvsynth.errors import RefusedError


@dataclass
class Flight:
    """What is in flight now. Any number of threads may add to it."""

    most_bytes: int
    _bytes: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def board(self, wait_s: float = 0.0) -> Iterator[Passenger]:
        """A request that takes bytes while the block runs, and gives them back after it."""
        passenger = Passenger(self, time.monotonic() + wait_s)
        try:
            yield passenger
        finally:
            with self._changed:
                self._bytes -= passenger.taken
                self._changed.notify_all()

    def take(self, size: int, deadline: float) -> None:
        """Add bytes, waiting for others to leave until the deadline, by `time.monotonic`.

        Raises:
            RefusedError: RESOURCE_EXHAUSTED: there is no room in time.
        """
        with self._changed:
            fits = size <= self.most_bytes and self._changed.wait_for(
                lambda: self._bytes + size <= self.most_bytes, max(deadline - time.monotonic(), 0.0)
            )
            if not fits:
                raise RefusedError(
                    f"The request takes {size} bytes and {self._bytes} are in flight; the server allows "
                    f"{self.most_bytes} at a time. Ask again later, or send less.",
                    code="RESOURCE_EXHAUSTED",
                )
            self._bytes += size


@dataclass
class Passenger:
    """One request in flight.

    Only its first bytes may wait: a request that waits while it holds others' room could wait for ever.
    """

    flight: Flight
    deadline: float
    taken: int = 0

    def take(self, size: int) -> None:
        """Take bytes.

        Raises:
            RefusedError: RESOURCE_EXHAUSTED: there is no room.
        """
        self.flight.take(size, 0.0 if self.taken else self.deadline)
        self.taken += size
