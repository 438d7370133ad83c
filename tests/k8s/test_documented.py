"""Kustomizations that the pages show, rendered as they stand there, beside our own folders."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cbvsynth.k8s.cluster import Cluster
from cbvsynth.k8s.rules import RULES
from tests.docs.pages import PAGES
from tests.k8s.overlays_of_ours import ROOT, overlay, render

_BLOCK = re.compile(r"^```yaml\n# (k8s/\S+/kustomization\.yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {
    f"{page.stem}: {name}": (Path(name).parent, text)
    for page in PAGES
    for name, text in _BLOCK.findall(page.read_text(encoding="utf-8"))
}


def test_the_pages_show_an_overlay_for_page_and_node_a_job_and_a_search() -> None:
    assert {title.partition(":")[0] for title in SHOWN} == {"page", "node", "kubernetes-gpu", "katib"}


@pytest.mark.parametrize("title", SHOWN)
def test_what_a_page_shows_holds_to_the_rules_and_its_images_can_be_pulled(
    title: str, tmp_path: Path
) -> None:
    """Pods of what was shown had the image cbvsynth:0.2.0, for which nodes ask docker.io, which has none."""
    folder, text = SHOWN[title]
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "kustomization.yaml").write_text(text, encoding="utf-8")
    shown = render(tmp_path / folder)
    if not list(shown.of_kind("Namespace")):  # a job or a search, applied after an overlay
        shown = Cluster((*overlay("staging").objects, *shown.objects))
    assert [line for rule in RULES.values() for line in rule(shown)] == []


@pytest.mark.parametrize("name", ["kubernetes-kind", "kubernetes-gpu"])
def test_the_first_champion_is_waited_for_however_long_its_run_took(name: str) -> None:
    """`rollout status`, as the pages had it, fails at once when the progress deadline of 20 minutes is over.

    Servers are not ready before there is a champion, which takes a sweep.
    """
    text = (ROOT / "docs/how-to" / f"{name}.md").read_text(encoding="utf-8")
    assert "rollout status deployment/serving" not in text
    assert "wait --for=condition=available --timeout=20m deployment/serving" in text


def test_every_key_of_the_vault_is_named_with_its_properties() -> None:
    """Nothing named the node's key or its four properties, without which its pod never starts."""
    needed = [
        entry["remoteRef"]
        for name in ("page", "node")
        for secret in render(ROOT / f"tests/k8s/overlays/{name}").of_kind("ExternalSecret")
        for entry in secret["spec"]["data"]
    ]
    first = (ROOT / "k8s/README.md").read_text(encoding="utf-8")
    how_to = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/how-to").glob("*.md"))
    assert {one["key"] for one in needed if f"`{one['key']}`" not in first} == set()
    assert {one["property"] for one in needed if f"`{one['property']}`" not in how_to} == set()
