"""What the run promoted, served through Services: names, order of containers, a map."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.cluster.kubectl import Kubectl, Manifest
from tests.cluster.node.ours.asking import predict, refused
from tests.cluster.node.ours.conftest import MODEL
from tests.cluster.node.ours.pods import CLIENTS, container_status, pod_of, reaches

pytestmark = [pytest.mark.images, pytest.mark.slow]
NAMES = """
import urllib.error, urllib.request
path = ":5000/api/2.0/mlflow/registered-models/search?max_results=1"
for name in ("mlflow", "mlflow.cbvsynth.svc", "mlflow.cbvsynth.svc.cluster.local"):
    print(urllib.request.urlopen(f"http://{name}{path}", timeout=20).status)
wrong = urllib.request.Request(f"http://mlflow{path}", headers={"Host": "elsewhere:5000"})
try: print(urllib.request.urlopen(wrong, timeout=20).status)
except urllib.error.HTTPError as error: print(error.code)
"""


def test_the_registry_answers_under_its_services_names_and_no_other(
    kubectl: Kubectl, platform: None, before_champion: Manifest
) -> None:
    """Asked from the pod that needs it; the server holds the Host header to its list."""
    assert _in_serving(kubectl, "sync", "python3", "-c", NAMES).split() == ["200", "200", "200", "403"]


def test_without_a_champion_the_server_is_not_started(before_champion: Manifest) -> None:
    """sync comes first and waits: the pod is there, and not ready."""
    sync, server = (container_status(before_champion, name) for name in ("sync", "server"))
    assert "running" in sync["state"]
    assert not sync["started"]
    assert server["state"]["waiting"]["reason"] == "PodInitializing"


def test_sync_was_there_before_the_server(kubectl: Kubectl, champion: Manifest) -> None:
    sync, server = (container_status(champion, name) for name in ("sync", "server"))
    assert sync["started"]
    assert sync["ready"]
    assert server["ready"]
    assert server["restartCount"] == 0
    assert sync["state"]["running"]["startedAt"] < server["state"]["running"]["startedAt"]


def test_sync_has_published_the_champion(kubectl: Kubectl, champion: Manifest) -> None:
    """The server's container reads what sync's has written, and may not write itself."""
    selection = json.loads(_in_serving(kubectl, "server", "cat", "/models/selection.json"))
    assert MODEL in json.dumps(selection)
    config = _in_serving(kubectl, "server", "cat", "/models/models.config")
    assert 'key: "stable"' in config
    said = _in_serving(kubectl, "server", "sh", "-c", "touch /models/x 2>&1 || true")
    assert "Read-only file system" in said
    page = "import urllib.request as r; print(r.urlopen('http://localhost:9500/metrics').read().decode())"
    assert 'cbvsynth_sync_served_version{label="stable"} ' in _in_serving(
        kubectl, "sync", "python3", "-c", page
    )


def test_a_client_gets_a_map_through_the_service(
    kubectl: Kubectl, champion: Manifest, images_in_client: Path, tmp_path: Path
) -> None:
    """`cbvsynth predict` in a pod of its own, by the name that the how-to gives."""
    assert "version 1" in predict(kubectl)
    kubectl("cp", f"{CLIENTS}/client:/tmp/cbv.nii.gz", tmp_path / "cbv.nii.gz")
    image, cbv = nib.load(images_in_client), nib.load(tmp_path / "cbv.nii.gz")
    assert cbv.shape == image.shape
    assert np.array_equal(cbv.affine, image.affine)
    values = np.asarray(cbv.dataobj)
    assert np.isfinite(values).all()
    assert values.max() > 0


def test_a_pod_without_the_label_gets_none(
    kubectl: Kubectl, champion: Manifest, images_in_client: Path
) -> None:
    """The same command with the same images, and the server's own address."""
    assert "No answer from" in refused(kubectl, "stranger")
    address = str(champion["status"]["podIP"])
    assert reaches(kubectl, f"client.{CLIENTS}", address, 8500)
    assert not reaches(kubectl, f"client.{CLIENTS}", address, 8501)
    assert not reaches(kubectl, f"stranger.{CLIENTS}", address, 8500)


def _in_serving(kubectl: Kubectl, container: str, *command: str) -> str:
    name = pod_of(kubectl, "serving")["metadata"]["name"]
    return kubectl("exec", name, "--namespace=cbvsynth", f"--container={container}", "--", *command)
