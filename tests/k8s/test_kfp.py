"""Our patches of Kubeflow Pipelines, without the network that fetches it: they meet 2.17.0's own names."""

from __future__ import annotations

import json

import pytest
import yaml

from cbvsynth.k8s.cluster import Cluster
from tests.k8s.overlays_of_ours import ROOT, render

KFP = ROOT / "k8s/kfp"
UPSTREAM = {
    "resources": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: pipeline-install-config, namespace: kubeflow}
data: {defaultSecurityContextRunAsNonRoot: "", bucketName: mlpipeline}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ml-pipeline, namespace: kubeflow}
spec:
  selector: {matchLabels: {app: ml-pipeline}}
  template:
    metadata: {labels: {app: ml-pipeline}}
    spec:
      containers:
        - name: ml-pipeline-api-server
          image: ghcr.io/kubeflow/kfp-api-server:2.17.0
          env:
            - {name: DEFAULTPIPELINERUNNERSERVICEACCOUNT, value: pipeline-runner}
            - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
"""
}
"""Of env/platform-agnostic at 2.17.0: the names that our patches are for, and one neighbour of each field."""


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    folder = tmp_path_factory.mktemp("kfp")
    (folder / "upstream.yaml").write_text(UPSTREAM["resources"])
    kustomization = yaml.safe_load((KFP / "kustomization.yaml").read_text())
    for patch in kustomization["patches"]:
        (folder / patch["path"]).write_text((KFP / patch["path"]).read_text())
    kustomization["resources"] = ["upstream.yaml"]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(folder)


def environment(cluster: Cluster) -> dict[str, str]:
    (deployment,) = cluster.of_kind("Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_a_patch_changes_what_is_there_and_adds_no_second_container(patched: Cluster) -> None:
    """A name that upstream does not have would make another container, which no test would have missed."""
    found = environment(patched)
    assert found["DEFAULTPIPELINERUNNERSERVICEACCOUNT"] == "cbvsynth-runner"
    assert "POD_NAMESPACE" in found
    (config,) = patched.of_kind("ConfigMap")
    assert config["data"]["defaultSecurityContextRunAsUser"] == "10001"
    assert config["data"]["bucketName"] == "mlpipeline"


def test_volumes_of_runs_belong_to_the_group_of_the_steps(patched: Cluster) -> None:
    """A fresh claim is root's, and the first run on a cluster stopped in validate: Permission denied. Only
    the form with a patch as text in a patch reaches the pods: Kubeflow writes their securityContext."""
    patch = json.loads(environment(patched)["COMPILED_PIPELINE_SPEC_PATCH"])
    assert list(patch) == ["podSpecPatch"]
    assert json.loads(patch["podSpecPatch"]) == {"securityContext": {"fsGroup": 10001}}
