"""Dashboards and alerts are about what our servers really show."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest

from cbvsynth.k8s.rules import monitoring
from cbvsynth.server.metrics import Metrics
from cbvsynth.sync.status import SyncStatus
from tests.k8s.overlays_of_ours import ROOT, overlay

DASHBOARD = ROOT / "k8s/components/monitoring/dashboard.json"


def shown(page: str) -> dict[str, set[str]]:
    """Metrics of a page, with their labels."""
    found: dict[str, set[str]] = {}
    for line in page.splitlines():
        sample = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? [-+.\de]+", line)
        if sample is not None:
            found.setdefault(sample[1], set()).update(re.findall(r'(\w+)="', sample[2] or ""))
    return found


def test_the_embedded_server_shows_what_is_asked_of_it() -> None:
    metrics = Metrics()
    metrics.add("cbvsynth", "Predict", "GRPC", "OK", 0.1)
    page = shown(metrics.page())
    assert page.keys() == monitoring.SERVER.keys()
    for name, labels in page.items():
        assert labels == monitoring.SERVER[name] - monitoring._TARGET


def test_sync_shows_what_is_asked_of_it() -> None:
    status = SyncStatus()
    status.succeeded({"stable": 1})
    page = shown(status.page())
    assert page.keys() == monitoring.SYNC.keys()
    for name, labels in page.items():
        assert labels == monitoring.SYNC[name] - monitoring._TARGET


@pytest.mark.parametrize("word", ["Predict", "OK"])
def test_the_words_in_matchers_are_the_servers(word: str) -> None:
    metrics = Metrics()
    metrics.add("cbvsynth", "Predict", "GRPC", "OK", 0.1)
    assert f'"{word}"' in metrics.page()


def test_statuses_that_count_as_errors_are_grpcs() -> None:
    import grpc

    expression = dict(monitoring.expressions(overlay("staging")))["alert CbvsynthErrors"]
    named = set(re.search(r'status=~"([^"]+)"', expression)[1].split("|"))
    assert named <= {code.name for code in grpc.StatusCode}
    assert not named & {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"}


@pytest.mark.parametrize(
    ("place", "before_it"),
    [
        ("alert CbvsynthBackupOld", "kube_cronjob_created"),
        ("dashboard, 'Since the last backup'", "kube_cronjob_created"),
        ("alert CbvsynthSyncStale", "cbvsynth_sync_rounds_total"),
    ],
)
def test_a_success_that_never_was_is_missed_too(place: str, before_it: str) -> None:
    """Alerts on the age of the last success were silent where there never was one, and so no such metric."""
    last, _, never = dict(monitoring.expressions(overlay("staging")))[place].partition(" or ")
    success = re.search(r"(\w+)\{", last)[1]
    assert re.search(rf"{before_it}\{{.*\bunless on .*\b{success}\{{", never)


def test_the_dashboard_can_be_drawn() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${source}"
        assert [target["refId"] for target in panel["targets"]] == list("ABCD"[: len(panel["targets"])])
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, f"panels overlap: {one} and {other}"
    assert [entry["name"] for entry in dashboard["templating"]["list"]] == ["source"]


def test_every_alert_leads_to_a_page_that_says_what_to_do() -> None:
    rules = next(overlay("staging").of_kind("PrometheusRule"))["spec"]["groups"][0]["rules"]
    for rule in rules:
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{rule['alert']}: {path} has no heading for #{anchor}"
