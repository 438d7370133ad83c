"""Kubernetes' own schemas, strict and offline, and ours for custom resources, which allow no other field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
from referencing import Registry, Resource

from cbvsynth.k8s.cluster import Cluster, Manifest, called

VERSIONS = ("1.30", "1.36")
"""The oldest and the newest Kubernetes that the manifests are for."""
_FOLDER = Path(__file__).parents[1] / "schemas"


def check(cluster: Cluster) -> Iterator[str]:
    """Unknown kinds, unknown fields, wrong types."""
    schemas = custom()
    for one in cluster.objects:
        key = (one["apiVersion"], one["kind"])
        if key in schemas:
            for error in jsonschema.Draft202012Validator(schemas[key]).iter_errors(one):
                yield f"{called(one)}, {_place(error)}: {error.message[:300]}"
        else:
            yield from _built_in(one)


@cache
def custom() -> dict[tuple[str, str], dict[str, Any]]:
    """The closed schemas, by API version and kind: the only kinds that Kubernetes itself need not know."""
    schemas = {}
    for path in sorted(_FOLDER.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        properties = schema["properties"]
        schemas[properties["apiVersion"]["const"], properties["kind"]["const"]] = schema
    return schemas


def _built_in(one: Manifest) -> Iterator[str]:
    for version in VERSIONS:
        validator = _validator(version, one["apiVersion"], one["kind"])
        if validator is None:
            yield f"{called(one)}: Kubernetes {version} does not know {one['apiVersion']} {one['kind']}"
            continue
        for error in validator.iter_errors(one):
            yield f"{called(one)}, {_place(error)}: {error.message[:300]} (Kubernetes {version})"


@cache
def _validator(version: str, api_version: str, kind: str) -> jsonschema.Draft202012Validator | None:
    """A validator of kubernetes-validate's strict schema; its own `validate` reads 2 MB for every object."""
    group, _, number = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], number) if part)
    path = _strict(version) / f"{name}.json"
    if not path.is_file():
        return None
    return jsonschema.Draft202012Validator(json.loads(path.read_bytes()), registry=_definitions(version))


@cache
def _definitions(version: str) -> Registry[Any]:
    content = json.loads((_strict(version) / "_definitions.json").read_bytes())
    return Resource.from_contents(content) @ Registry()


def _strict(version: str) -> Path:
    package = Path(kubernetes_validate.__file__).parent
    return package / f"kubernetes-json-schema/v{version}.0-local-strict"


def _place(error: jsonschema.ValidationError) -> str:
    return ".".join(str(part) for part in error.path) or "the object"
