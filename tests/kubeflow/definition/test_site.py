"""A site's own profile: what it changes of one of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.placeable import unplaceable
from cbvsynth.kubeflow.definition.profiles import (
    CLUSTER_CPU,
    CLUSTER_GPU,
    PROFILES,
    Profile,
    Toleration,
    Volume,
    find_profile,
)
from tests.kubeflow.checkout import documents

LAB = """\
based_on: cluster-gpu
parallel_trainings: 3
accelerator: nvidia.com/mig-3g.40gb
train: {memory: 40Gi, timeout_s: 600}
light: {cpu: "1"}
data: {claim: lab-studies, mount: /studies}
workspace: {claim: lab-scratch}
node_selector: {pool: imaging}
tolerations:
  - {key: dedicated, operator: Equal, effect: NoExecute}
queue: imaging
light_image: lab/cbvsynth:1.0
"""


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB)
    lab = find_profile(str(tmp_path / "lab.yaml"))
    assert (lab.name, lab.parallel_trainings, lab.queue) == ("lab", 3, "imaging")
    assert (lab.train.memory, lab.train.timeout_s, lab.train.cpu) == ("40Gi", 600, CLUSTER_GPU.train.cpu)
    assert lab.light.cpu == "1"
    assert lab.data == Volume("lab-studies", "/studies")
    assert lab.workspace == Volume("lab-scratch", "/workspace")
    assert lab.node_selector == (("pool", "imaging"),)
    assert lab.tolerations == (Toleration("dedicated", "Equal", "NoExecute"),)
    assert lab.train_image == CLUSTER_GPU.train_image


def test_what_a_file_says_is_in_the_package(tmp_path: Path) -> None:
    """Claims, parallelism, accelerator, memory, times and nodes could only be changed in the source."""
    (tmp_path / "lab.yaml").write_text(LAB)
    compile_package(tmp_path / "package.yaml", find_profile(str(tmp_path / "lab.yaml")))
    spec, platform = documents(tmp_path / "package.yaml")
    train = spec["deploymentSpec"]["executors"]["exec-train"]["container"]["resources"]
    assert train["accelerator"]["resourceType"] == "nvidia.com/mig-3g.40gb"
    assert spec["root"]["dag"]["tasks"]["model"]["iteratorPolicy"]["parallelismLimit"] == 3
    assert spec["root"]["inputDefinitions"]["parameters"]["1. Run: data"]["defaultValue"] == "/studies"
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    claims = {mount["constant"] for mount in executors["exec-validate"]["pvcMount"]}
    assert claims == {"lab-studies", "lab-scratch"}
    assert executors["exec-train"]["activeDeadlineSeconds"] == "600"
    assert executors["exec-train"]["nodeSelector"]["labels"] == {"pool": "imaging"}


def test_a_profile_without_changes_is_the_one_that_it_is_based_on(tmp_path: Path) -> None:
    (tmp_path / "cluster-cpu.yaml").write_text("based_on: cluster-cpu\n")
    assert find_profile(str(tmp_path / "cluster-cpu.yaml")) == CLUSTER_CPU


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("parallel_trainings: 3\n", "does not say which profile it changes; expected 'based_on:'"),
        ("based_on: moon\n", "expected 'based_on:' with one of cluster-gpu"),
        ("{", "is not YAML"),
        ("based_on: cluster-cpu\nparalel_trainings: 3\n", "Did you mean 'parallel_trainings'"),
        ("based_on: cluster-cpu\ntrain: {memry: 3Gi}\n", "Did you mean 'memory'"),
        ("based_on: cluster-cpu\ntrain: {cpu: 4}\n", "cpu is 4; expected text; put it in quotes"),
        ("based_on: cluster-cpu\nparallel_trainings: many\n", "is 'many'; expected a whole number"),
        ("based_on: cluster-cpu\nparallel_trainings: -1\n", "is -1; expected a whole number"),
        ("based_on: local\ndata: {claim: a}\n", "data lacks something; expected claim, mount"),
        ("based_on: cluster-cpu\ntrain: 4\n", "train is 4; expected names with values"),
        ("based_on: cluster-cpu\ntolerations: gpu\n", "tolerations is 'gpu'; expected a list"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_what_was_expected(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "lab.yaml").write_text(content)
    with pytest.raises(UsageError) as caught:
        find_profile(str(tmp_path / "lab.yaml"))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train: {memory: lots}", "train.memory is 'lots'; expected a size, as in 8Gi"),
        ('train: {memory: "8"}', "train.memory is '8'; expected a size"),
        ("train: {memory: 1.5Gi}", "train.memory is '1.5Gi'; expected a size"),
        ('train: {cpu: "four"}', "train.cpu is 'four'; expected processors, as in 2, 0.5 or 500m"),
        ("light: {cpu_limit: 2Gi}", "light.cpu_limit is '2Gi'; expected processors"),
        ('light: {cpu: "0"}', "light.cpu is '0'; expected processors"),
        ("train: {timeout_s: 0}", "train.timeout_s is 0; expected 1 or more"),
        ("parallel_trainings: 0", "parallel_trainings is 0; expected 1 or more"),
        ("keep_finished_s: 0", "keep_finished_s is 0; expected 1 or more"),
        ("shared_memory: 4 gigs", "shared_memory is '4 gigs'; expected a size"),
        ("accelerator: nvidia.com/gpu", "accelerators is 0; expected both"),
        ("accelerators: 2", "accelerator is '' and accelerators is 2; expected both"),
        ("accelerator: gpu\naccelerators: 1", "accelerator is 'gpu'; expected a resource of the nodes"),
        ("data: {mount: studies}", "data.mount is 'studies'; expected a folder as /data"),
        ("data: {mount: /}", "data.mount is '/'; expected a folder"),
        (
            "workspace: {mount: /tmp}",
            "workspace.mount is '/tmp'; expected a folder as /workspace, and not /tmp",
        ),
        ("workspace: {mount: /tmp/cbv}", "workspace.mount is '/tmp/cbv'; expected"),
        ("workspace: {mount: /data}", "data.mount and workspace.mount are both '/data'"),
        ("data: {claim: Lab_Studies}", "data.claim is 'Lab_Studies'; expected small letters"),
        ('queue: "a b"', "queue is 'a b'; expected small letters"),
        ("tracking_config_map: My_Map", "tracking_config_map is 'My_Map'; expected small letters"),
        ("tolerations: [{key: a, effect: Sometimes}]", "the effect 'Sometimes'; expected one of NoSchedule"),
        ("tolerations: [{key: a, operator: Like}]", "the operator 'Like'; expected Exists or Equal"),
        ("tolerations: [{key: a b}]", "the key 'a b'; expected a taint's"),
        ("node_selector: {pool: a b}", "node_selector has 'pool: a b'; expected a label"),
        ("node_selector: {fast: true}", "node_selector is True; expected text; put it in quotes"),
        ("light_image: 'Bad Image:1'", "light_image is 'Bad Image:1', which is not the name of an image"),
    ],
)
def test_a_value_that_no_cluster_takes_is_refused_with_its_key(
    tmp_path: Path, content: str, message: str
) -> None:
    """A few were a traceback of Kubeflow's compiler; the others were compiled, to be refused or misread."""
    (tmp_path / "lab.yaml").write_text(f"based_on: cluster-cpu\n{content}\n")
    with pytest.raises(UsageError) as caught:
        find_profile(str(tmp_path / "lab.yaml"))
    assert message in str(caught.value)


def test_a_request_above_the_limit_that_the_base_brings_is_refused(tmp_path: Path) -> None:
    """The pod asked for 8Gi with a limit of 3Gi, which Kubernetes refuses."""
    (tmp_path / "lab.yaml").write_text("based_on: kind\ntrain: {memory: 8Gi}\n")
    with pytest.raises(UsageError, match=r"train\.memory is 8Gi, above train\.memory_limit, 3Gi"):
        find_profile(str(tmp_path / "lab.yaml"))


def test_no_accelerator_is_none_whatever_the_base_had(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text('based_on: cluster-gpu\naccelerator: ""\n')
    assert find_profile(str(tmp_path / "lab.yaml")).accelerators == 0


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_our_own_profiles_can_be_placed(profile: Profile) -> None:
    assert list(unplaceable(profile)) == []


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read"):
        find_profile("none.yaml")
