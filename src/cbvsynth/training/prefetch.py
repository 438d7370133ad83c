"""Reading examinations in the background while the processor trains on the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def prefetched(load: Callable[[int], Item], order: Iterable[int], ahead: int = 2) -> Iterator[Item]:
    """Yield load(i) for every i in order, reading up to `ahead` of them in advance in one thread.

    Two bridge one slow read; more would only hold memory. An error of `load` is raised where its item
    would have been yielded. Leaving the loop early waits for the one read in progress and drops the others.
    """
    remaining = iter(order)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as reader:
        waiting: list[Future[Item]] = [reader.submit(load, index) for index in islice(remaining, ahead)]
        try:
            while waiting:
                item = waiting.pop(0).result()
                waiting.extend(reader.submit(load, index) for index in islice(remaining, 1))
                yield item
        finally:
            for future in waiting:
                future.cancel()
