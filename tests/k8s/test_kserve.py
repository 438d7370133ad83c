"""The optional InferenceService serves as the Deployment does."""

from __future__ import annotations

import copy

from cbvsynth.k8s.cluster import Manifest
from cbvsynth.server.flags import parse_flags
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


def test_the_runtime_serves_the_third_protocol_as_the_server_itself_reads_it() -> None:
    (runtime,) = render(WITH_KSERVE).of_kind("ServingRuntime")
    assert "grpc-v2" in runtime["spec"]["protocolVersions"]
    (container,) = runtime["spec"]["containers"]
    assert container["name"] == "kserve-container"
    assert container["command"] == ["cbvsynth-server"]
    options = parse_flags(container["args"])
    assert options.enable_open_inference_protocol
    assert options.enable_grpc_healthcheck_service
    assert options.ignored == ()
    assert options.model_base_path == "/mnt/models"  # where KServe puts the model
    assert options.host == "0.0.0.0"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"h2c": options.port, "rest": options.rest_api_port}
    probed = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")}
    assert probed == {"/v2/health/live", "/v2/health/ready"}


def test_the_runtime_is_confined_and_sized_as_the_servers_are() -> None:
    cluster = render(WITH_KSERVE)
    (runtime,) = cluster.of_kind("ServingRuntime")
    (container,) = runtime["spec"]["containers"]
    server = pod(cluster.workloads(), "InferenceService")["containers"][0]
    for field in ("securityContext", "resources"):
        assert container[field] == server[field]
    assert container["image"].partition(":")[2] not in ("", "latest")


def pod(workloads, kind: str) -> Manifest:
    return copy.deepcopy(next(one.pod for one in workloads if (one.kind, one.name) == (kind, "serving")))
