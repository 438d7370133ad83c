"""The optional InferenceService serves as the Deployment does."""

from __future__ import annotations

import copy

from cbvsynth.k8s.cluster import Manifest
from tests.k8s.overlays_of_ours import WITH_KSERVE, overlay, render

ONLY_OURS = {"topologySpreadConstraints"}


def test_the_pod_is_that_of_the_deployment() -> None:
    deployment = pod(overlay("staging").workloads(), "Deployment")
    predictor = pod(render(WITH_KSERVE).workloads(), "InferenceService")
    scaling = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "labels"}
    assert predictor.keys() - scaling == deployment.keys() - ONLY_OURS
    predictor["containers"][0]["name"] = "server"
    for field in deployment.keys() - ONLY_OURS:
        assert predictor[field] == deployment[field], field


def test_it_takes_the_place_of_deployment_and_autoscaler() -> None:
    cluster = render(WITH_KSERVE)
    assert not cluster.has("Deployment", "cbvsynth", "serving")
    assert list(cluster.of_kind("HorizontalPodAutoscaler")) == []


def pod(workloads, kind: str) -> Manifest:
    return copy.deepcopy(next(one.pod for one in workloads if (one.kind, one.name) == (kind, "serving")))
