"""Every overlay renders, is what Kubernetes takes, and holds to our rules; every seeded mistake is caught."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from cbvsynth.k8s.rules import RULES, images
from cbvsynth.k8s.rules.schemas import custom
from tests.k8s.mistakes import Mistake, planted
from tests.k8s.mistakes_of_operation import MISTAKES as OPERATION
from tests.k8s.mistakes_of_security import MISTAKES as SECURITY
from tests.k8s.mistakes_of_wiring import MISTAKES as WIRING
from tests.k8s.overlays_of_ours import (
    OVERLAYS,
    ROOT,
    SHARED_CLUSTER,
    WITH_KSERVE,
    WITH_NODE,
    WITH_PAGE,
    overlay,
    render,
)

MISTAKES = [*WIRING, *OPERATION, *SECURITY]
FOLDERS = [
    *(ROOT / "k8s/overlays" / name for name in OVERLAYS),
    *(WITH_KSERVE, WITH_NODE, WITH_PAGE, SHARED_CLUSTER),
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("rule", RULES)
def test_an_overlay_holds_to_a_rule(folder: Path, rule: str) -> None:
    assert list(RULES[rule](render(folder))) == []


def test_the_three_overlays_are_what_they_say() -> None:
    assert {name: overlay(name).environment for name in OVERLAYS} == {
        "kind": "development",
        "staging": "staging",
        "gpu-production": "production",
    }
    for name in OVERLAYS:
        kinds = Counter(one["kind"] for one in overlay(name).objects)
        print(f"\n{name}: {sum(kinds.values())} objects; {dict(sorted(kinds.items()))}")
        assert kinds["NetworkPolicy"] >= 10
        assert kinds["Deployment"] == 2


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.rule}: {mistake.title}")
def test_a_seeded_mistake_is_caught(mistake: Mistake) -> None:
    found = list(RULES[mistake.rule](planted(mistake, overlay(mistake.overlay))))
    assert any(mistake.says in problem for problem in found), found


def test_every_rule_has_seeded_mistakes_and_there_are_enough() -> None:
    by_rule = Counter(mistake.rule for mistake in MISTAKES)
    print(f"\n{len(MISTAKES)} seeded mistakes; {dict(by_rule)}")
    assert set(by_rule) == set(RULES)
    assert len(MISTAKES) >= 40
    assert len({mistake.title for mistake in MISTAKES}) == len(MISTAKES)


def test_custom_resources_are_an_explicit_list() -> None:
    assert set(custom()) == {
        ("monitoring.coreos.com/v1", "PodMonitor"),
        ("monitoring.coreos.com/v1", "PrometheusRule"),
        ("external-secrets.io/v1", "ExternalSecret"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
        ("serving.kserve.io/v1alpha1", "ServingRuntime"),
        ("kueue.x-k8s.io/v1beta2", "ResourceFlavor"),
        ("kueue.x-k8s.io/v1beta2", "ClusterQueue"),
        ("kueue.x-k8s.io/v1beta2", "LocalQueue"),
        ("kubeflow.org/v1beta1", "Experiment"),
    }


def test_every_file_below_k8s_is_used_by_a_kustomization() -> None:
    """A forgotten entry would leave a policy unapplied without a word."""
    for path in (ROOT / "k8s").rglob("*"):
        if path.is_dir() or path.name in ("kustomization.yaml", "README.md"):
            continue
        text = (path.parent / "kustomization.yaml").read_text(encoding="utf-8")
        assert path.name in text, f"{path.relative_to(ROOT)} is named by no kustomization"


def test_nothing_is_fetched_to_render_an_overlay() -> None:
    for path in (ROOT / "k8s").rglob("kustomization.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        remote = [one for one in content.get("resources", []) if "://" in one or one.startswith("github.com")]
        if path.parent.name == "kfp":
            assert len(remote) == 1
            assert remote[0].endswith("?ref=2.17.0")
        else:
            assert remote == []


def test_zeros_in_the_place_of_digests_are_named_before_anything_is_applied() -> None:
    assert len(list(images.unfilled(overlay("gpu-production")))) == 4
    assert list(images.unfilled(overlay("staging"))) == []
