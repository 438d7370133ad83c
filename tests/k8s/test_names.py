"""Names that two sides must agree on: images and version, variables, volumes and secrets of runs."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from cbvsynth.k8s.cluster import RUNS_NAMESPACE, Cluster
from cbvsynth.k8s.rules.images import OF_STEPS
from cbvsynth.k8s.rules.references import keys_of
from tests.k8s.overlays_of_ours import OVERLAYS, ROOT, overlay

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CODE = ("src", "components", "serving", "pipelines")
NOT_OURS = {
    "MLFLOW_BACKEND_STORE_URI": "mlflow server",
    "MLFLOW_S3_ENDPOINT_URL": "MLflow's artefact store",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "MLflow's model loaders",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "mlflow server: five worker processes for jobs that nobody sends",
    "AWS_ACCESS_KEY_ID": "boto3",
    "AWS_SECRET_ACCESS_KEY": "boto3",
    "AWS_DEFAULT_REGION": "boto3",
    "HOME": "libraries that keep a cache: the image's own home is read-only",
    "XDG_CACHE_HOME": "as HOME",
    "POSTGRES_USER": "the PostgreSQL image",
    "POSTGRES_PASSWORD": "the PostgreSQL image",
    "POSTGRES_DB": "the PostgreSQL image",
    "PGDATA": "the PostgreSQL image",
    "BACKUP_FOLDER": "the scripts of backup and restore",
    "DUMP": "the script of restore",
}
"""Variables of our manifests that other programs read."""
NOT_SET = {
    "MLFLOW_RUN_ID": "Kubeflow's MLflow integration gives it to a task",
    "CBVSYNTH_TRACKING_URI": "the compiled pipeline maps the ConfigMap's MLFLOW_TRACKING_URI to it",
    "KF_PIPELINES_ENDPOINT": "for the command line of a person who submits runs",
    "CBVSYNTH_KFP_TOKEN": "as KF_PIPELINES_ENDPOINT",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "our own default is right",
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "our own default is right",
    "OPENBLAS_NUM_THREADS": "our own default is right",
    "TF_CPP_MIN_LOG_LEVEL": "the default is right",
    "TF_FORCE_GPU_ALLOW_GROWTH": "the default is right",
    "OTEL_SDK_DISABLED": "OpenTelemetry's, for a site that has a receiver of traces",
    "OTEL_TRACES_EXPORTER": "as OTEL_SDK_DISABLED",
}
"""Variables that our code reads and no manifest sets."""


def test_the_tag_of_our_images_is_the_projects_version() -> None:
    for name in ("kind", "staging"):
        images = {one["image"] for work in overlay(name).workloads() for one in work.containers}
        ours = {
            image.rpartition("/")[2] for image in images if image.rpartition("/")[2].startswith("cbvsynth")
        }
        assert ours == {f"cbvsynth:{VERSION}", f"cbvsynth-registry:{VERSION}"}


def test_compiled_pipelines_name_our_images_volumes_and_secrets() -> None:
    packages = list((ROOT / "pipelines").glob("*.yaml"))
    assert packages
    for path in packages:
        spec, *platforms = yaml.safe_load_all(path.read_text(encoding="utf-8"))
        executors = spec["deploymentSpec"]["executors"]
        images = {one["container"]["image"] for one in executors.values() if "container" in one}
        assert images == {f"{name}:{VERSION}" for name in OF_STEPS}
        for platform in platforms:
            places = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
            for place in places:
                agree(place, overlay("staging"))


@pytest.mark.parametrize(
    ("lock", "needed"),
    [
        ("light", {"mlflow-skinny", "grpcio", "protobuf"}),  # sync
        ("registry", {"mlflow", "psycopg", "psycopg-binary", "boto3"}),  # MLflow brings no such drivers
    ],
)
def test_the_images_have_what_the_manifests_run(lock: str, needed: set[str]) -> None:
    text = (ROOT / f"components/images/{lock}.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)) >= needed


def test_kubeflow_starts_runs_with_our_account() -> None:
    patch = yaml.safe_load((ROOT / "k8s/kfp/runner.yaml").read_text(encoding="utf-8"))
    (variable,) = patch["spec"]["template"]["spec"]["containers"][0]["env"]
    assert overlay("staging").has("ServiceAccount", RUNS_NAMESPACE, variable["value"])


def agree(place: dict[str, list[dict[str, object]]], cluster: Cluster) -> None:
    for mount in place.get("pvcMount", []):
        assert cluster.has("PersistentVolumeClaim", RUNS_NAMESPACE, str(mount["constant"]))
    for field, kind, name, key in (
        ("configMapAsEnv", "ConfigMap", "configMapName", "configMapKey"),
        ("secretAsEnv", "Secret", "secretName", "secretKey"),
    ):
        for source in place.get(field, []):
            there = keys_of(cluster, kind, RUNS_NAMESPACE, str(source[name]))
            assert there is not None, f"{kind} {source[name]}"
            assert {entry[key] for entry in source["keyToEnv"]} <= there


def test_every_variable_of_a_manifest_is_read_by_somebody() -> None:
    for name in OVERLAYS:
        assert variables_of(overlay(name)) <= read_by_our_code() | NOT_OURS.keys()


def test_every_variable_that_our_code_reads_is_set_or_said_not_to_be() -> None:
    # The pseudonyms' key is a Secret's, which the compiled pipeline maps to the variable.
    assert read_by_our_code() - variables_of(overlay("staging")) == NOT_SET.keys() | {
        "CBVSYNTH_PSEUDONYM_KEY"
    }


def test_mlflow_knows_the_variables_that_are_said_to_be_its_own() -> None:
    import mlflow

    package = Path(mlflow.__file__).parent
    known = (package / "environment_variables.py").read_text() + (package / "cli/__init__.py").read_text()
    for name in sorted(NOT_OURS.keys() | read_by_our_code()):
        if name.startswith("MLFLOW_"):
            assert f'"{name}"' in known, name


def variables_of(cluster: Cluster) -> set[str]:
    """Names in ConfigMaps that are environments, and of single variables."""
    names = set()
    for workload in cluster.workloads():
        for container in workload.containers:
            names |= {variable["name"] for variable in container.get("env", [])}
            for source in container.get("envFrom", []):
                for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                    if field in source:
                        names |= keys_of(cluster, kind, workload.namespace, source[field]["name"]) or set()
    return names | (keys_of(cluster, "ConfigMap", RUNS_NAMESPACE, "cbvsynth-mlflow") or set())


def read_by_our_code() -> set[str]:
    """Variables that our code asks os.environ for; a name in a constant is resolved in its module."""
    names = set()
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            constants = {
                target.id: node.value.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(tree):
                asked = None
                is_read = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
                if is_read and _is_environ(node.value):
                    asked = node.slice
                elif (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in ("get", "setdefault")
                    and _is_environ(node.func.value)
                ):
                    asked = node.args[0]
                if isinstance(asked, ast.Constant):
                    names.add(asked.value)
                elif isinstance(asked, ast.Name) and asked.id in constants:
                    names.add(constants[asked.id])
    return names


def _is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"
