"""What no cluster takes of a site's profile is refused when it is read, by the field's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.placeable import unplaceable
from cbvsynth.kubeflow.definition.profiles import PROFILES, Profile, find_profile


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


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_our_own_profiles_can_be_placed(profile: Profile) -> None:
    assert list(unplaceable(profile)) == []
