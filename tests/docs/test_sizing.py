"""The sizing page's sums are those of the rendered overlays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cbvsynth.k8s.rules.quantities import GPU
from cbvsynth.kubernetes_words import parse_quantity
from tests.k8s.overlays_of_ours import OVERLAYS, overlay

TEXT = (Path(__file__).parents[2] / "docs/reference/sizing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_sum_of_requests_is_as_the_page_says(name: str) -> None:
    cluster, sums = overlay(name), dict.fromkeys(("cpu", "memory", GPU), 0.0)
    fewest = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"]["minReplicas"]
        for one in cluster.of_kind("HorizontalPodAutoscaler")
    }
    for workload in cluster.workloads():
        if workload.is_server:
            replicas = fewest.get(workload.name, workload.spec.get("replicas", 1))
            sidecars = [one for one in workload.pod.get("initContainers", []) if "restartPolicy" in one]
            for container in [*workload.pod["containers"], *sidecars]:
                for resource in sums:
                    quantity = container["resources"]["requests"].get(resource, "0")
                    sums[resource] += replicas * float(parse_quantity(quantity))
    row = re.search(rf"^\| {name} \| ([\d.]+) \| ([\d.]+) GiB \| (\d+|-) \|$", TEXT, re.MULTILINE)
    assert row is not None
    assert sums["cpu"] == pytest.approx(float(row[1]))
    assert sums["memory"] / 2**30 == pytest.approx(float(row[2]), abs=0.051)
    assert sums[GPU] == float(row[3].replace("-", "0"))


def test_the_time_that_the_registry_has_to_start_is_as_the_page_says() -> None:
    """The page said 180 s long after the probe was given ten minutes."""
    (server,) = [
        container
        for workload in overlay("staging").workloads()
        for container in workload.containers
        if container["name"] == "mlflow"
    ]
    probe = server["startupProbe"]
    assert f"the startup probe gives it {probe['periodSeconds'] * probe['failureThreshold']} s" in TEXT
