"""Another champion and the way back, while a client asks without a pause."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.node.ours.asking import asking, predict
from tests.cluster.node.ours.conftest import QUICK
from tests.cluster.node.ours.pods import champion_of, forwarded
from tests.cluster.node.ours.run import Run
from tests.k8s.stores.conftest import PROGRAMS

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.usefixtures("champion", "images_in_client")]
LONGER = {"epochs": 12}
"""A training that learns more. The limits stay: a champion is replaced under no looser ones than its own."""


def test_no_request_is_lost_or_wrong_during_a_promotion_and_a_rollback(
    kubectl: Kubectl, run: Run, tmp_path: Path
) -> None:
    """A second run's champion is served, then the first again. A version has one map, to the last bit."""
    first = champion_of(kubectl)
    assert f"version {first}," in predict(kubectl)
    with asking(kubectl) as answers:
        Run(kubectl, run.package, run.artefacts, "second").start({**QUICK, **LONGER})
        second = champion_of(kubectl)
        assert second != first
        _served(kubectl, second)
        _roll_back(kubectl, tmp_path)
        assert champion_of(kubectl) == first
        _served(kubectl, first)
    assert answers.failures == []
    assert answers.maps.keys() == {first, second}
    assert [len(maps) for maps in answers.maps.values()] == [1, 1]
    assert answers.maps[first] != answers.maps[second]


def _roll_back(kubectl: Kubectl, folder: Path) -> None:
    """As docs/how-to/recover.md types it, through a forwarded port."""
    with forwarded(kubectl, "mlflow", 5000, "/health", folder):
        address = "http://localhost:5000"
        done = subprocess.run(
            [str(PROGRAMS / "cbvsynth"), "registry", "rollback"],
            env={"PATH": str(PROGRAMS), "HOME": str(folder), "MLFLOW_TRACKING_URI": address},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr


def _served(kubectl: Kubectl, version: int) -> None:
    """Sync looks twice a minute, and the server as often at what sync wrote."""
    eventually(
        lambda: f"version {version}," in predict(kubectl), f"version {version} is served", 600, every_s=5
    )
