"""MLflow, started as the manifests say, answers under its Service's names and under no other."""

from __future__ import annotations

import pytest

from tests.k8s.stores.conftest import Server, container, run
from tests.k8s.stores.processes import status

pytestmark = pytest.mark.slow
ASK = "/api/2.0/mlflow/registered-models/search?max_results=1"


@pytest.mark.parametrize("name", ["mlflow", "mlflow.cbvsynth", "mlflow.cbvsynth.svc", "localhost"])
def test_the_names_of_the_service_are_answered(server: Server, name: str) -> None:
    assert status(server.address + ASK, host=f"{name}:{server.port}") == 200


@pytest.mark.parametrize("name", ["evil.example.org", "mlflow", "mlflow.other.svc:{port}"])
def test_every_other_name_is_refused(server: Server, name: str) -> None:
    """A Service's name without its port is another name too: that is how the flag reads."""
    assert status(server.address + ASK, host=name.format(port=server.port)) == 403


def test_probes_are_answered_under_a_pods_address(server: Server) -> None:
    assert status(f"{server.address}/health", host=f"10.1.2.3:{server.port}") == 200


def test_bucket_and_tables_may_be_made_again(server: Server) -> None:
    assert run(container("make-bucket"), server.stores) == "the bucket is there\n"
    run(container("tables"), server.stores)
    assert status(server.address + ASK, host=f"mlflow:{server.port}") == 200
