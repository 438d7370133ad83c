"""The DICOM node in a cluster: the program's own flags, one pod for its disk, and for the hospital alone."""

from __future__ import annotations

from typing import Any

import pytest
import tyro

from cbvsynth.commands import node as command
from cbvsynth.k8s.rules import RULES
from cbvsynth.node.settings import NodeSettings, Peer
from tests.k8s.mistakes import Mistake, container, get, planted
from tests.k8s.overlays_of_ours import WITH_NODE, render


def pod() -> dict[str, Any]:
    return next(one.pod for one in render(WITH_NODE).workloads() if one.name == "node")


def settings() -> NodeSettings:
    """The command line, with the ConfigMap's values, read by the program's own parser."""
    (run,) = pod()["containers"]
    (values,) = [
        one["data"]
        for one in render(WITH_NODE).of_kind("ConfigMap")
        if one["metadata"]["name"].startswith("node-environment")
    ]
    words = run["args"]
    for name, value in values.items():
        words = [word.replace(f"$({name})", value) for word in words]
    assert not any("$(" in word for word in words)
    found: list[NodeSettings] = []

    def parsed(node: NodeSettings, server: Any) -> None:
        found.append(node)

    parsed.__annotations__ = {
        name: hint for name, hint in command.run.__annotations__.items() if name != "return"
    }
    parsed.__globals__.update(vars(command))
    tyro.cli(parsed, args=words, use_underscores=True, config=(tyro.conf.FlagConversionOff,))
    return found[0]


def test_the_programs_own_parser_reads_its_flags_with_the_hospitals_titles() -> None:
    (run,) = pod()["containers"]
    assert run["command"] == ["cbvsynth", "node", "run"]
    read = settings()
    assert read.titles == ("PACS", "MR1")
    assert read.peer() == Peer("ARCHIVE", "10.1.2.3", 2762)
    assert [read.port] == [port["containerPort"] for port in run["ports"]]


def test_it_speaks_tls_both_ways_with_what_its_secret_holds() -> None:
    (secret,) = [
        one for one in render(WITH_NODE).of_kind("ExternalSecret") if one["metadata"]["name"] == "node-tls"
    ]
    keys = {f"/etc/cbvsynth/{entry['secretKey']}" for entry in secret["spec"]["data"]}
    read = settings()
    paths = (read.tls_certificate, read.tls_key, read.tls_clients, read.tls_pacs)
    assert {str(path) for path in paths} == keys


def test_what_it_writes_lies_on_its_disk_and_it_is_given_its_time_to_end() -> None:
    (run,) = pod()["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in run["volumeMounts"]}
    read = settings()
    assert str(read.folder) == mounts["studies"]
    (claim,) = [
        one
        for one in render(WITH_NODE).of_kind("PersistentVolumeClaim")
        if one["metadata"]["name"] == "node-studies"
    ]
    assert read.max_disk_gb * 1e9 < 0.95 * int(claim["spec"]["resources"]["requests"]["storage"][:-2]) * 2**30
    slept = int(run["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod()["terminationGracePeriodSeconds"] > slept + read.drain_s


MISTAKES = (
    Mistake(
        "two pods of one disk",
        "availability",
        "expected replicas: 1",
        lambda o: get(o, "Deployment", "node")["spec"].update(replicas=2),
    ),
    Mistake(
        "a new pod that waits for the old one's disk",
        "availability",
        "expected strategy Recreate",
        lambda o: get(o, "Deployment", "node")["spec"].update(strategy={"type": "RollingUpdate"}),
    ),
    Mistake(
        "the world may send",
        "network",
        "opens the cluster to the outside",
        lambda o: get(o, "Service", "node")["spec"].update(loadBalancerSourceRanges=["0.0.0.0/0"]),
    ),
    Mistake(
        "nothing says who may send",
        "network",
        "opens the cluster to the outside",
        lambda o: get(o, "Service", "node")["spec"].pop("loadBalancerSourceRanges"),
    ),
    Mistake(
        "another port of it",
        "network",
        "opens the cluster to the outside",
        lambda o: get(o, "Service", "node")["spec"]["ports"].append({"name": "more", "port": 1}),
    ),
    Mistake(
        "no one looks whether it is alive",
        "probes",
        "has no livenessProbe",
        lambda o: container(o, "node").pop("livenessProbe"),
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_mistake_about_it_is_caught(mistake: Mistake) -> None:
    found = list(RULES[mistake.rule](planted(mistake, render(WITH_NODE))))
    assert any(mistake.says in problem for problem in found), found
