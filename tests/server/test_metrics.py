"""The Prometheus page, read by Prometheus' own client."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cbvsynth.server.metrics import BOUNDS_US, LATENCY, REQUESTS, Metrics


def families(metrics: Metrics) -> dict[str, object]:
    return {family.name: family for family in text_string_to_metric_families(metrics.page())}


def test_a_server_that_was_asked_nothing_shows_names_and_types():
    assert Metrics().page() == f"# TYPE {REQUESTS} counter\n# TYPE {LATENCY} histogram\n"


def test_requests_are_counted_by_model_and_status():
    metrics = Metrics()
    metrics.add("a", "Predict", "GRPC", "OK", 0.1)
    metrics.add("a", "Predict", "REST", "OK", 0.1)
    metrics.add("a", "Predict", "GRPC", "NOT_FOUND", 0.1)
    family = families(metrics)[REQUESTS]
    assert family.type == "counter"
    assert [(one.labels, one.value) for one in family.samples] == [
        ({"model_name": "a", "status": "NOT_FOUND"}, 1),
        ({"model_name": "a", "status": "OK"}, 2),
    ]


def test_the_counters_name_is_the_production_servers_to_the_letter():
    """The dashboards ask for this name; clients' libraries would add `_total` to it."""
    metrics = Metrics()
    metrics.add("a", "Predict", "GRPC", "OK", 0.1)
    assert metrics.page().startswith(
        "# TYPE :tensorflow:serving:request_count counter\n"
        ':tensorflow:serving:request_count{model_name="a",status="OK"} 1\n'
    )


def test_the_latency_is_a_histogram_of_cumulated_counts():
    metrics = Metrics()
    for seconds in (5e-6, 0.02, 0.02, 1e9):
        metrics.add("a", "Predict", "GRPC", "OK", seconds)
    family = families(metrics)[LATENCY]
    assert family.type == "histogram"
    buckets = {one.labels["le"]: one.value for one in family.samples if one.name == f"{LATENCY}_bucket"}
    assert len(buckets) == len(BOUNDS_US) + 1
    assert list(buckets.values()) == sorted(buckets.values())
    assert (buckets["10"], buckets["11568.3"], buckets["20823"]) == (1, 1, 3)
    assert buckets["+Inf"] == 4
    rest = {one.name: one.value for one in family.samples if not one.name.endswith("_bucket")}
    assert rest == {f"{LATENCY}_sum": pytest.approx(1e15, rel=1e-5), f"{LATENCY}_count": 4}


def test_a_latency_at_a_bound_counts_below_it():
    metrics = Metrics()
    metrics.add("a", "Predict", "GRPC", "OK", BOUNDS_US[0] / 1e6)
    assert f'{LATENCY}_bucket{{model_name="a",API="Predict",entrypoint="GRPC",le="10"}} 1\n' in metrics.page()


def test_a_models_name_may_hold_whatever_it_likes():
    metrics = Metrics()
    metrics.add('a\\"b\nc', "Predict", "GRPC", "OK", 0.1)
    assert families(metrics)[REQUESTS].samples[0].labels["model_name"] == 'a\\"b\nc'
