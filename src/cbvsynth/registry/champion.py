"""The present champion and the scores it was promoted with."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.domain.selection.records import PresentChampion
from cbvsynth.errors import ResultError
from cbvsynth.records.results import read_scores
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.registry.served import as_served
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import CHAMPION, SCORES_ARTIFACT, VERDICT_ARTIFACT, fetch_artifact, version_of


def present_champion(registered_name: str) -> PresentChampion | None:
    """The version behind the alias `champion` with its per-examination scores; None before the first.

    Raises:
        RegistryError: the registry cannot be reached, the champion was deleted or is no model of this
            project, or its scores are gone.
        ResultError: the stored scores are damaged.
    """
    registry = open_registry(registered_name)
    version = version_of(registry, CHAMPION)
    if version is None:
        return None
    as_served(version)
    with TemporaryDirectory() as folder:
        scores = read_scores(fetch_artifact(registry, version, SCORES_ARTIFACT, Path(folder)))
        try:
            verdict = read_verdict(fetch_artifact(registry, version, VERDICT_ARTIFACT, Path(folder)))
            settings = verdict.settings
        except ResultError:  # of an earlier release, whose verdicts had other fields
            settings = None
    return PresentChampion(
        version=version.version,
        model=version.model,
        digest=version.digest,
        data_fingerprint=version.tags.get("data_fingerprint", ""),
        scores=scores,
        settings=settings,
    )
