"""Roles: no wildcard, no way into pods, no Secret except by name, nothing for the whole cluster."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, called

_FORBIDDEN = frozenset(
    {"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "serviceaccounts/token"}
)
_ESCALATING = frozenset({"escalate", "bind", "impersonate"})
_OWN_NAMES_ONLY = frozenset({"secrets", "configmaps"})
_MAKES_PODS = frozenset(
    {"pods", "deployments", "jobs", "cronjobs", "statefulsets", "daemonsets", "workflows"}
)
_WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def check(cluster: Cluster) -> Iterator[str]:
    """What a Role of ours may never allow."""
    for one in cluster.of_kind("ClusterRole", "ClusterRoleBinding"):
        yield f"{called(one)} applies to the whole cluster; expected Roles of a namespace"
    for binding in cluster.of_kind("RoleBinding"):
        if binding["roleRef"]["kind"] != "Role":
            yield f"{called(binding)} grants a ClusterRole; expected a Role of ours"
        for subject in binding["subjects"]:
            if subject["kind"] != "ServiceAccount":
                yield f"{called(binding)} binds {subject['kind']} {subject['name']}; expected an account"
    for role in cluster.of_kind("Role"):
        for rule in role["rules"]:
            resources, verbs = set(rule["resources"]), set(rule["verbs"])
            for field in ("apiGroups", "resources", "verbs"):
                if "*" in rule[field]:
                    yield f"{called(role)} has a wildcard in {field}"
            for resource in sorted(resources & _FORBIDDEN):
                yield f"{called(role)} allows {resource}"
            for verb in sorted(verbs & _ESCALATING):
                yield f"{called(role)} allows the verb {verb}"
            for resource in sorted(resources & _OWN_NAMES_ONLY):
                if not rule.get("resourceNames"):
                    yield f"{called(role)} allows all {resource}; expected resourceNames"
                if verbs != {"get"}:
                    yield f"{called(role)} allows {sorted(verbs)} on {resource}; expected get alone"
            for resource in sorted(resources & _MAKES_PODS):
                if verbs & _WRITING:
                    yield f"{called(role)} may change {resource}, and so run anything"
