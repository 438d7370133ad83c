"""What is watched exists: scraped ports let Prometheus in, expressions name metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, Manifest, called, selects
from cbvsynth.k8s.rules.network import OUTSIDE, allowed, peers
from cbvsynth.server import metrics as server_metrics
from cbvsynth.sync.status import LAST_SUCCESS, ROUNDS, SERVED_VERSION

_TARGET = frozenset({"namespace", "pod", "container", "job", "instance"})
"""Labels that Prometheus adds to whatever it scrapes."""

SERVER = {
    server_metrics.REQUESTS: _TARGET | {"model_name", "status"},
    f"{server_metrics.LATENCY}_bucket": _TARGET | {"model_name", "API", "entrypoint", "le"},
    f"{server_metrics.LATENCY}_sum": _TARGET | {"model_name", "API", "entrypoint"},
    f"{server_metrics.LATENCY}_count": _TARGET | {"model_name", "API", "entrypoint"},
}
"""Metrics of TensorFlow Serving that our embedded server has too, with their labels."""
SERVER_ONLY = {
    ":tensorflow:serving:runtime_latency_bucket": _TARGET | {"model_name", "API", "runtime", "le"},
    ":tensorflow:serving:model_warmup_latency_bucket": _TARGET | {"model_path", "status", "le"},
    ":tensorflow:cc:saved_model:load_attempt_count": _TARGET | {"model_path", "status"},
    ":tensorflow:cc:saved_model:load_latency": _TARGET | {"model_path"},
}
"""Metrics that TensorFlow Serving alone has."""
SYNC = {
    LAST_SUCCESS: _TARGET,
    ROUNDS: _TARGET | {"result"},
    SERVED_VERSION: _TARGET | {"label"},
}
CLUSTER = {
    "kube_deployment_status_replicas_available": _TARGET | {"deployment"},
    "kube_pod_status_ready": _TARGET | {"condition"},
    "kube_cronjob_status_last_successful_time": _TARGET | {"cronjob"},
    "kube_cronjob_created": _TARGET | {"cronjob"},
    "kubelet_volume_stats_available_bytes": _TARGET | {"persistentvolumeclaim"},
    "kubelet_volume_stats_capacity_bytes": _TARGET | {"persistentvolumeclaim"},
    "container_memory_working_set_bytes": _TARGET,
    "container_cpu_usage_seconds_total": _TARGET,
}
"""Metrics of kube-state-metrics, of the kubelet and of its cAdvisor."""
METRICS = {**SERVER, **SERVER_ONLY, **SYNC, **CLUSTER}

_TEXT = re.compile(r'"[^"]*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_MATCHERS = re.compile(r"([A-Za-z_:][\w:]*)\s*\{([^}]*)\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_WORD = re.compile(r"(?<![\w.])[A-Za-z_:][\w:]*")
_OPERATORS = frozenset({"and", "or", "unless", "bool", "offset", "group_left", "group_right"})
FUNCTIONS = frozenset(
    {
        *("rate", "increase", "sum", "min", "max", "count", "avg", "time", "count_values"),
        *("histogram_quantile", "absent", "vector"),
    }
)


def check(cluster: Cluster) -> Iterator[str]:
    """Scraping, alerts and dashboards."""
    yield from _monitors(cluster)
    for where, expression in expressions(cluster):
        for problem in wrong(expression):
            yield f"{where}: {problem}"
    yield from _targets(cluster)


def expressions(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Every expression of alerts and dashboards, with the place where it stands."""
    for rules in cluster.of_kind("PrometheusRule"):
        for group in rules["spec"]["groups"]:
            for rule in group["rules"]:
                yield f"alert {rule.get('alert', rule.get('record'))}", rule["expr"]
    for _, panel in panels(cluster):
        for target in panel.get("targets", []):
            yield f"dashboard, '{panel['title']}'", target["expr"]


def panels(cluster: Cluster) -> Iterator[tuple[str, Manifest]]:
    """Every panel of every dashboard, with the dashboard's title."""
    for config in cluster.of_kind("ConfigMap"):
        if config["metadata"].get("labels", {}).get("grafana_dashboard") == "1":
            for text in config["data"].values():
                dashboard = json.loads(text)
                for panel in dashboard["panels"]:
                    yield dashboard["title"], panel


def wrong(expression: str) -> Iterator[str]:
    """What is wrong with an expression: brackets, functions, metrics, labels."""
    if any(expression.count(left) != expression.count(right) for left, right in ("()", "{}", "[]")):
        yield f"brackets are not balanced in {expression}"
    # count_values makes a label of its first argument.
    made = set(re.findall(r'count_values\(\s*"(\w+)"', expression))
    plain = _RANGE.sub("", _TEXT.sub('""', expression))
    known = set(made)
    for name, matchers in _MATCHERS.findall(plain):
        labels = METRICS.get(name)
        if labels is None:
            yield f"there is no metric {name}"
            continue
        known |= labels
        used = {matcher.strip() for matcher in re.findall(r"([^,=!~\"]+?)\s*(?:=~|!~|!=|=)", matchers)}
        for label in sorted(used - labels):
            yield f"{name} has no label {label}"
        if "namespace" not in used:
            yield f"{name} is taken from every namespace; expected a matcher of namespace"
    for group in _GROUPING.findall(plain):
        for label in sorted({label.strip() for label in group.split(",")} - known):
            yield f"grouped by {label}, which no metric here has"
    rest = _GROUPING.sub("", _MATCHERS.sub(" ", plain))
    for found in _WORD.finditer(rest):
        word = found.group()
        is_call = rest[found.end() :].lstrip().startswith("(")
        if word not in _OPERATORS and (word not in FUNCTIONS or not is_call):
            yield f"'{word}' is neither a known function nor a metric with matchers"


def _monitors(cluster: Cluster) -> Iterator[str]:
    prometheus = next(peer for peer in OUTSIDE if peer.called == "Prometheus")
    for monitor in cluster.of_kind("PodMonitor"):
        namespace = monitor["metadata"]["namespace"]
        found = [
            one for one in cluster.workloads(namespace) if selects(monitor["spec"]["selector"], one.labels)
        ]
        if not found:
            yield f"{called(monitor)} selects no pod"
        for workload in found:
            server = next(peer for peer in peers(cluster) if peer.called == workload.called)
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                port = workload.ports().get(endpoint["port"])
                if port is None:
                    yield f"{called(monitor)}: {workload.called} has no port {endpoint['port']}"
                elif allowed(cluster, prometheus, server, port):
                    yield f"{called(monitor)}: {workload.called} does not let Prometheus in at {port}"
                configs = [
                    text
                    for config in cluster.of_kind("ConfigMap")
                    if config["metadata"].get("namespace") == namespace
                    for name, text in config.get("data", {}).items()
                    if name == "monitoring.config"
                ]
                if endpoint["port"] == "rest" and not any(
                    f'"{endpoint["path"]}"' in text for text in configs
                ):
                    yield f"{called(monitor)} reads {endpoint['path']}, where the server shows nothing"


def _targets(cluster: Cluster) -> Iterator[str]:
    """Deployments, CronJobs and pods that an expression names, and that are missing."""
    deployments = {one.name for one in cluster.workloads() if one.kind == "Deployment"}
    crons = {one.name for one in cluster.workloads() if one.kind == "CronJob"}
    pods = {f"{one.name}-.+" for one in cluster.workloads() if one.is_server}
    for where, expression in expressions(cluster):
        for label, sign, there in (
            ("deployment", "=", deployments),
            ("cronjob", "=", crons),
            ("pod", "=~", pods),
        ):
            for name in re.findall(rf'\b{label}{sign}"([^"]*)"', expression):
                if name not in there:
                    yield f"{where}: there is no {label} {name}"
