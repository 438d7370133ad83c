"""Reading ahead keeps the order, passes errors on and does not read everything at once."""

from __future__ import annotations

import threading

import pytest

from cbvsynth.training.prefetch import prefetched


def test_items_come_in_order() -> None:
    assert list(prefetched(lambda index: index * 10, [3, 1, 2, 1])) == [30, 10, 20, 10]
    assert list(prefetched(lambda index: index, [])) == []


def test_an_error_is_raised_at_its_item() -> None:
    items = prefetched(lambda index: 1 // index, [1, 1, 0, 1])
    assert [next(items), next(items)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_it_reads_in_another_thread_and_only_a_little_ahead() -> None:
    read: list[int] = []
    threads: set[str] = set()

    def load(index: int) -> int:
        read.append(index)
        threads.add(threading.current_thread().name)
        return index

    items = prefetched(load, range(100), ahead=2)
    next(items)
    items.close()
    assert 1 <= len(read) <= 3
    assert all(name.startswith("prefetch") for name in threads)
