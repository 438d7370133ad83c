"""The page's component: its command line as the program reads it, and a door that is shut without TLS."""

from __future__ import annotations

import copy
from pathlib import Path, PurePosixPath

import pytest
import tyro

from cbvsynth.commands.predict import ServerOptions
from cbvsynth.k8s.cluster import Cluster, Manifest
from cbvsynth.k8s.rules import RULES
from cbvsynth.page.app import HEALTH
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.viewer import PACKAGE_FILE
from tests.k8s.overlays_of_ours import WITH_PAGE, render

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return render(WITH_PAGE)


@pytest.fixture(scope="module")
def container(cluster: Cluster) -> Manifest:
    (pod,) = (one.pod for one in cluster.workloads() if (one.kind, one.name) == ("StatefulSet", "page"))
    (found,) = pod["containers"]
    return found


def test_the_program_takes_its_command_line(container: Manifest) -> None:
    assert container["command"] == ["cbvsynth", "page"]
    words = container["args"]
    models = [word for word in words if word.startswith("--server=")]
    assert tyro.cli(ServerOptions, args=models, use_underscores=True).server == "dns:///serving-pods:8500"
    settings = tyro.cli(PageSettings, args=[one for one in words if one not in models], use_underscores=True)
    assert not settings.is_loopback
    assert settings.hosts == ("maps.clinic.example",)
    assert [port["containerPort"] for port in container["ports"]] == [settings.port]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert settings.token_file is not None
    assert {str(settings.folder), str(settings.token_file.parent)} <= mounted


def test_the_viewer_is_where_the_image_puts_it(container: Manifest) -> None:
    (viewer,) = (word.partition("=")[2] for word in container["args"] if word.startswith("--viewer="))
    assert PurePosixPath(viewer).name == PACKAGE_FILE
    dockerfile = (ROOT / "components/images/Dockerfile").read_text(encoding="utf-8")
    assert f"COPY components/images/{PACKAGE_FILE} {PurePosixPath(viewer).parent}/" in dockerfile


def test_it_is_asked_whether_it_lives_where_it_answers(container: Manifest) -> None:
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": HEALTH, "port": "http"}


def test_there_is_one_pod_as_its_folder_has_one_owner(cluster: Cluster) -> None:
    (page,) = cluster.of_kind("StatefulSet")
    assert page["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda spec: spec.pop("tls"), "maps.clinic.example without TLS"),
        (lambda spec: spec["tls"][0].update(hosts=["other.example"]), "without TLS"),
        (lambda spec: spec["rules"][0].pop("host"), "every name without TLS"),
        (
            lambda spec: spec["rules"][0]["http"]["paths"][0]["backend"]["service"].update(name="mlflow"),
            "opens the cluster to the outside",
        ),
        (lambda spec: spec.update(defaultBackend={"service": {"name": "page"}}), "opens the cluster"),
    ],
)
def test_another_door_is_refused(cluster: Cluster, change, says: str) -> None:
    objects = copy.deepcopy(list(cluster.objects))
    (ingress,) = (one for one in objects if one["kind"] == "Ingress")
    change(ingress["spec"])
    assert any(says in problem for problem in RULES["network"](Cluster(tuple(objects))))


def test_a_token_in_plain_sight_is_refused_and_its_file_is_none(cluster: Cluster) -> None:
    assert list(RULES["secrets"](cluster)) == []
    objects = copy.deepcopy(list(cluster.objects))
    (page,) = (one for one in objects if one["kind"] == "StatefulSet")
    page["spec"]["template"]["spec"]["containers"][0]["args"].append("--token_file=0123456789abcdef")
    assert any("in plain sight" in problem for problem in RULES["secrets"](Cluster(tuple(objects))))
