"""Jobs that a person starts once, the search over hyper-parameters, and what one profile's namespace gets."""

from __future__ import annotations

import dataclasses
import re

import pytest
import tyro
import yaml

from cbvsynth.config import PhantomConfig, TrainConfig
from cbvsynth.k8s.cluster import Cluster
from cbvsynth.k8s.rules import RULES, schemas
from cbvsynth.k8s.rules.flags import words_of
from tests.k8s.overlays_of_ours import ROOT, overlay, render

JOBS = ("phantom", "prepare", "study")
AS_ROOT = {"Job kubeflow/cbvsynth-prepare"}


def job(name: str) -> Cluster:
    return render(ROOT / "k8s/jobs" / name)


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("rule", RULES)
def test_a_job_beside_an_overlay_holds_to_a_rule(name: str, rule: str) -> None:
    together = Cluster((*overlay("kind").objects, *job(name).objects))
    found = [line for line in RULES[rule](together) if not any(one in line for one in AS_ROOT)]
    assert found == []


def test_only_the_one_that_gives_claims_away_is_root_with_two_capabilities_and_no_more() -> None:
    together = Cluster((*overlay("kind").objects, *job("prepare").objects))
    found = list(RULES["pods"](together))
    assert found, "a rule that says nothing of root would not be one"
    (workload,) = job("prepare").workloads()
    (container,) = workload.containers
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "FOWNER"]}
    script = words_of(container)[-1]
    assert re.findall(r"chown (\S+)", script) == ["10001:10001"]
    assert set(re.findall(r"/\w+", script)) == {"/data", "/workspace"}


def test_the_phantoms_flags_are_the_programs() -> None:
    (workload,) = job("phantom").workloads()
    words = words_of(workload.containers[0])
    assert words[:2] == ["cbvsynth", "phantom"]
    config = tyro.cli(PhantomConfig, args=words[2:], use_underscores=True)
    assert str(config.data) == "/data/phantom"
    mounts = [one["mountPath"] for one in workload.containers[0]["volumeMounts"]]
    assert mounts == ["/data", "/tmp"]


@pytest.mark.parametrize("name", JOBS)
def test_the_commands_in_a_jobs_head_name_it(name: str) -> None:
    text = (ROOT / "k8s/jobs" / name / "job.yaml").read_text()
    assert f"kubectl apply -k k8s/jobs/{name}\n" in text
    assert set(re.findall(r"(?:job/|job-name=)cbvsynth-(\w+)", text)) == {name}


def test_a_trial_is_the_step_with_flags_that_it_has() -> None:
    (experiment,) = render(ROOT / "k8s/katib").objects
    assert list(schemas.check(Cluster((experiment,)))) == []
    spec = experiment["spec"]
    template = spec["trialTemplate"]
    (container,) = template["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert container["name"] == template["primaryContainerName"]
    assert re.fullmatch(r"cbvsynth-train:\d+\.\d+\.\d+", container["image"])
    script = words_of(container)[-1]
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert set(re.findall(r"--(\w+)", script)) <= fields
    searched = {one["name"] for one in spec["parameters"]}
    assert searched <= fields
    assert set(re.findall(r"\$\{trialParameters\.(\w+)\}", script)) == searched
    assert {one["reference"] for one in template["trialParameters"]} == searched
    printed = re.findall(r'"(\w+)"', script.partition("for name in")[2].partition(")")[0])
    assert printed == [spec["objective"]["objectiveMetricName"], *spec["objective"]["additionalMetricNames"]]


def test_every_value_that_a_search_may_try_is_one_that_train_takes() -> None:
    (experiment,) = render(ROOT / "k8s/katib").objects
    for one in experiment["spec"]["parameters"]:
        space = one["feasibleSpace"]
        for value in space.get("list") or [space["min"], space["max"]]:
            words = ["--model", "encdec-t1-t1c-adc", f"--{one['name']}", value]
            tyro.cli(
                TrainConfig,
                args=words,
                use_underscores=True,
                config=(tyro.conf.FlagConversionOff, tyro.conf.EnumChoicesFromValues),
            )


def test_a_profiles_namespace_gets_what_runs_need_and_reaches_kubeflow_in_its_own() -> None:
    """Rules named Kubeflow's API, metadata and store by their pods alone, which means the same namespace."""
    cluster = render(ROOT / "k8s/profile")
    assert {one["metadata"]["namespace"] for one in cluster.objects} == {"kubeflow-user-example-com"}
    assert list(schemas.check(cluster)) == []
    for policy in cluster.of_kind("NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for peer in rule["to"]:
                assert "ipBlock" in peer or "namespaceSelector" in peer, policy["metadata"]["name"]


def test_the_queue_that_a_profile_names_is_there_and_takes_pods_of_its_namespace() -> None:
    queues = [
        one
        for one in yaml.safe_load_all((ROOT / "k8s/components/kueue/queue.yaml").read_text())
        if one["kind"] != "ResourceFlavor"
    ]
    by_kind = {one["kind"]: one for one in queues}
    local, of_cluster = by_kind["LocalQueue"], by_kind["ClusterQueue"]
    assert local["spec"]["clusterQueue"] == of_cluster["metadata"]["name"]
    labels = of_cluster["spec"]["namespaceSelector"]["matchLabels"]
    assert labels == {"kubernetes.io/metadata.name": local["metadata"]["namespace"]}
    (group,) = of_cluster["spec"]["resourceGroups"]
    for flavor in group["flavors"]:
        assert [one["name"] for one in flavor["resources"]] == group["coveredResources"]
