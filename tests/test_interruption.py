"""What a program does when it is told to stop."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from cbvsynth.interruption import Terminated, stop_deferred, terminable


def send(number: int) -> None:
    os.kill(os.getpid(), number)


def test_sigterm_leaves_the_block_and_the_former_handler_stands_again() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        send(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert Terminated.exit_code == 143


@pytest.mark.parametrize(
    ("number", "meaning"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_deferred_signal_is_noted_and_the_block_goes_on(number: int, meaning: type[BaseException]) -> None:
    with stop_deferred() as asked:
        assert asked() is None
        send(number)
        assert isinstance(asked(), meaning)


def test_the_second_signal_counts_at_once() -> None:
    with stop_deferred() as asked:
        send(signal.SIGTERM)
        assert isinstance(asked(), Terminated)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_a_deferred_block_gives_the_outer_handler_back() -> None:
    with terminable():
        with stop_deferred():
            pass
        with pytest.raises(Terminated):
            send(signal.SIGTERM)


def test_outside_the_main_thread_nothing_is_installed() -> None:
    seen: list[object] = []

    def work() -> None:
        with terminable(), stop_deferred() as asked:
            seen.extend([signal.getsignal(signal.SIGTERM), asked()])

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before, None]
