"""kill -9 of what the kubelet runs: it comes back, and what was served goes on being served."""

from __future__ import annotations

import pytest

from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.node.machine import Machine
from tests.cluster.node.ours.asking import asking, predict
from tests.cluster.node.ours.pods import champion_of, kill, stored

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.usefixtures("champion", "images_in_client")]


@pytest.mark.parametrize(
    ("workload", "container"),
    [("serving", "sync"), ("mlflow", "mlflow"), ("postgres", "postgres"), ("s3", "s3")],
)
def test_without_sync_or_registry_no_request_is_lost(
    node: Machine, kubectl: Kubectl, workload: str, container: str
) -> None:
    """A client asks all the time; the killed one is back, and the registry says and holds what it did."""
    files = stored(kubectl)
    with asking(kubectl) as answers:
        kill(node, workload, container)
    assert answers.failures == []
    ((version, maps),) = answers.maps.items()
    assert len(maps) == 1
    assert champion_of(kubectl) == version == 1
    eventually(lambda: stored(kubectl) == files, "the registry's files are there", 300, every_s=5)
    assert any(name.endswith("saved_model.pb") for name in files)


def test_a_killed_server_serves_the_same_version_again(node: Machine, kubectl: Kubectl) -> None:
    """From the pod's own folder: the container is new, the pod and its models are not."""
    kill(node, "serving", "server")
    assert "version 1" in predict(kubectl)
