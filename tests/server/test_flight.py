"""Bytes in flight: many requests together take no more than is allowed, and give it back."""

from __future__ import annotations

import threading
import time

import pytest

from cbvsynth.errors import RefusedError
from cbvsynth.server.flight import Flight


def test_what_does_not_fit_is_refused_and_what_left_makes_room():
    flight = Flight(100)
    with flight.board() as first:
        first.take(60)
        with (
            flight.board() as second,
            pytest.raises(RefusedError, match="takes 50 bytes and 60 are in") as caught,
        ):
            second.take(50)
        assert caught.value.code == "RESOURCE_EXHAUSTED"
        with flight.board() as third:
            third.take(40)
    with flight.board() as last:
        last.take(100)


def test_a_request_waits_for_room_until_its_time_is_up():
    flight = Flight(100)
    left = threading.Event()

    def other() -> None:
        with flight.board() as passenger:
            passenger.take(100)
            left.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    while flight._bytes == 0:
        time.sleep(0.001)
    with pytest.raises(RefusedError), flight.board(wait_s=0.05) as early:
        early.take(1)
    threading.Timer(0.1, left.set).start()
    with flight.board(wait_s=10) as patient:
        patient.take(100)
    thread.join()


def test_only_the_first_bytes_of_a_request_wait():
    """Two that hold a half each and wait for the other's would wait for ever."""
    flight = Flight(100)
    with flight.board(wait_s=60) as first, flight.board(wait_s=60) as second:
        first.take(50)
        second.take(50)
        begin = time.monotonic()
        with pytest.raises(RefusedError):
            first.take(1)
        assert time.monotonic() - begin < 10


def test_more_than_is_allowed_at_all_does_not_wait():
    begin = time.monotonic()
    with pytest.raises(RefusedError, match="allows 100 at a time"), Flight(100).board(wait_s=60) as passenger:
        passenger.take(101)
    assert time.monotonic() - begin < 10
