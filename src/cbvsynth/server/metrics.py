"""Counts and latencies of requests, in Prometheus' text form and under TensorFlow Serving's names.

Written by hand because prometheus-client renames the counter: docs/decisions/0045-own-metrics-text.md.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict

REQUESTS = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"
BOUNDS_US = tuple(10 * 1.8**power for power in range(33))
"""Upper bounds of the latency's buckets in microseconds: those of the production server."""


class Metrics:
    """Counters of one server; any number of threads may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str], int] = defaultdict(int)
        self._buckets: dict[tuple[str, str, str], list[int]] = {}
        self._sums_us: dict[tuple[str, str, str], float] = defaultdict(float)

    def add(self, model: str, api: str, entrypoint: str, status: str, seconds: float) -> None:
        """Count a request.

        Args:
            model: a served model's name, or empty: names that clients make up must not fill the memory.
            api: as in Predict.
            entrypoint: GRPC or REST.
            status: OK, or the code of a refusal.
            seconds: how long it took.
        """
        key = (model, api, entrypoint)
        with self._lock:
            self._requests[model, status] += 1
            counts = self._buckets.setdefault(key, [0] * (len(BOUNDS_US) + 1))
            counts[bisect_left(BOUNDS_US, seconds * 1e6)] += 1
            self._sums_us[key] += seconds * 1e6

    def page(self) -> str:
        """The page that Prometheus reads."""
        with self._lock:
            lines = [f"# TYPE {REQUESTS} counter"]
            for (model, status), count in sorted(self._requests.items()):
                lines.append(f'{REQUESTS}{{model_name="{_escaped(model)}",status="{status}"}} {count}')
            lines.append(f"# TYPE {LATENCY} histogram")
            for key, counts in sorted(self._buckets.items()):
                lines += _histogram(key, counts, self._sums_us[key])
        return "\n".join(lines) + "\n"


def _histogram(key: tuple[str, str, str], counts: list[int], total_us: float) -> list[str]:
    labels = f'model_name="{_escaped(key[0])}",API="{key[1]}",entrypoint="{key[2]}"'
    lines, below = [], 0
    for bound, count in zip([*map("{:g}".format, BOUNDS_US), "+Inf"], counts, strict=True):
        below += count
        lines.append(f'{LATENCY}_bucket{{{labels},le="{bound}"}} {below}')
    return [*lines, f"{LATENCY}_sum{{{labels}}} {total_us:.6g}", f"{LATENCY}_count{{{labels}}} {below}"]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
