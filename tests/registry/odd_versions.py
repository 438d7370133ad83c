"""Versions and aliases as hands other than ours leave them: MLflow's page, a script, a restored dump."""

from __future__ import annotations

import sqlite3

from cbvsynth.registry.store import open_registry


def foreign_version(**tags: str) -> int:
    """Register a version without a run, with none but the given tags; its number."""
    client = open_registry("cbvsynth").client
    if not client.search_registered_models("name='cbvsynth'"):
        client.create_registered_model("cbvsynth")
    return int(client.create_model_version("cbvsynth", "file:///nowhere", tags=tags or None).version)


def tag(version: int, key: str, value: str) -> None:
    open_registry("cbvsynth").client.set_model_version_tag("cbvsynth", str(version), key, value)


def point(alias: str, version: int) -> None:
    open_registry("cbvsynth").client.set_registered_model_alias("cbvsynth", alias, str(version))


def delete(version: int, *aliases: str) -> None:
    """Delete a version; the given aliases go on pointing at it, as a registry may leave them."""
    open_registry("cbvsynth").client.delete_model_version("cbvsynth", str(version))
    with sqlite3.connect("mlflow.db") as database:
        for alias in aliases:
            database.execute(
                "INSERT OR REPLACE INTO registered_model_aliases (alias, version, name) VALUES (?, ?, ?)",
                (alias, version, "cbvsynth"),
            )
