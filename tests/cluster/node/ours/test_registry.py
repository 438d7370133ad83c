"""MLflow on PostgreSQL and an S3 interface, under its Service's name."""

from __future__ import annotations

import json

import pytest

from cbvsynth import __version__
from tests.cluster.kubectl import Kubectl, as_text
from tests.cluster.node.ours.pods import champion_of, confined
from tests.cluster.steps import WORKFLOW

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.usefixtures("platform")]
REGISTER = """
import json, os, pathlib, urllib.error, urllib.request
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "7"  # rules for a new pod come within seconds, not before it
import cbvsynth.registry.store  # no file comes from the object store itself, which a run cannot reach
from mlflow.tracking import MlflowClient
client = MlflowClient("http://mlflow.cbvsynth:5000")
pathlib.Path("/tmp/weights").write_bytes(bytes(range(256)) * 4096)
run = client.create_run(client.create_experiment("first")).info.run_id
client.log_artifact(run, "/tmp/weights", "model")
client.create_registered_model("first")
version = client.create_model_version("first", f"runs:/{run}/model", run).version
client.set_registered_model_alias("first", "champion", version)
back = client.download_artifacts(run, "model/weights", "/tmp")
asked = "http://mlflow.cbvsynth:5000/api/2.0/mlflow/registered-models/search?max_results=1"
asked = urllib.request.Request(asked, headers={"Host": "elsewhere:5000"})
try:
    refused = urllib.request.urlopen(asked, timeout=20).status
except urllib.error.HTTPError as error:
    refused = error.code
same = pathlib.Path(back).read_bytes() == pathlib.Path("/tmp/weights").read_bytes()
print(json.dumps({"version": int(version), "same": same, "refused": refused}))
"""


def test_a_client_registers_a_model(kubectl: Kubectl) -> None:
    """As the pod of a run does: names from CoreDNS, tables in PostgreSQL, files through the server into S3.

    Under a name that is not on its list the server answers nothing.
    """
    pod = confined("register", f"cbvsynth:{__version__}", ["python3", "-c", REGISTER], **{WORKFLOW: "none"})
    pod["metadata"]["namespace"] = "kubeflow"
    kubectl.apply("--filename=-", given=as_text(pod))
    where = ("--namespace=kubeflow", "--timeout=600s")
    try:
        kubectl("wait", "pod/register", "--for=jsonpath={.status.phase}=Succeeded", *where)
    finally:
        log = kubectl("logs", "register", "--namespace=kubeflow")
    assert json.loads(log.splitlines()[-1]) == {"version": 1, "same": True, "refused": 403}, log
    assert champion_of(kubectl, "first") == 1
