"""Being told to stop: SIGTERM from a drained node, an eviction or a scheduler, SIGINT from Ctrl-C.

SIGTERM ends a program as Ctrl-C does, by an exception that lets half-written files be removed. Work that
must not be torn in the middle asks to be told, and stops where it can be gone on with.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt it is no `Exception`: nothing that mends errors catches it."""

    exit_code = 128 + signal.SIGTERM


@contextmanager
def terminable() -> Iterator[None]:
    """Within the block SIGTERM raises `Terminated`; in another thread than the main one, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextmanager
def stop_deferred() -> Iterator[Callable[[], BaseException | None]]:
    """Within the block the first SIGTERM or SIGINT is only noted; the second one counts at once.

    Yields:
        A function that gives what the noted signal would have raised, for the block to raise where it can
        stop; None while there was no signal.
    """
    noted: list[BaseException] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            _raise(number, frame)
        noted.append(_meaning(number))

    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: noted[0] if noted else None
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _meaning(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()


def _raise(number: int, _frame: FrameType | None) -> None:
    raise _meaning(number)
