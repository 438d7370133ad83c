"""Our images under the kubelet, as the pods of k8s/ run them: no root user, nothing to write to but /tmp."""

from __future__ import annotations

import pytest

from cbvsynth import __version__
from tests.cluster.kubectl import Kubectl, as_text
from tests.cluster.node.machine import Machine
from tests.cluster.node.ours.pods import confined

pytestmark = [pytest.mark.images, pytest.mark.slow]


@pytest.mark.parametrize(
    ("image", "command", "said"),
    [
        ("cbvsynth", "cbvsynth --version", f"cbvsynth {__version__}"),
        ("cbvsynth-train", "cbvsynth --version", f"cbvsynth {__version__}"),
        ("cbvsynth-registry", "mlflow --version", "mlflow, version 3."),
    ],
)
def test_an_image_says_its_version(
    kubectl: Kubectl, with_images: Machine, image: str, command: str, said: str
) -> None:
    """From the overlay's own name for it: what it misses would only show here."""
    pod = confined(
        f"version-{image}", f"{image}:{__version__}", ["sh", "-c", f"id -u; touch /opt/x; {command}"]
    )
    kubectl.apply("--filename=-", given=as_text(pod))
    name = pod["metadata"]["name"]
    kubectl("wait", f"pod/{name}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=600s")
    user, refused, *rest = kubectl("logs", name).splitlines()
    assert user == "10001"
    assert "Read-only file system" in refused
    assert said in "\n".join(rest)
