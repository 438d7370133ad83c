"""The present champion and the scores it was promoted with."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.records import PresentChampion
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import ResultError
from cbvsynth.records.results import read_scores
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.registry.served import as_served
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import (
    CHAMPION,
    SCORES_ARTIFACT,
    VERDICT_ARTIFACT,
    ModelVersion,
    fetch_artifact,
    version_of,
)


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
    scores, settings = promoted_with(registry, version)
    return PresentChampion(
        version=version.version,
        model=version.model,
        digest=version.digest,
        data_fingerprint=version.tags.get("data_fingerprint", ""),
        scores=scores,
        settings=settings,
    )


def promoted_with(
    registry: Registry, version: ModelVersion
) -> tuple[tuple[ExamScore, ...], GateSettings | None]:
    """Held-out scores of a version, and the limits that it passed; None where an earlier release set them.

    Raises:
        RegistryError: they are gone, or the registry does not answer.
        ResultError: the scores are damaged.
    """
    with TemporaryDirectory() as folder:
        scores = read_scores(fetch_artifact(registry, version, SCORES_ARTIFACT, Path(folder)))
        try:
            verdict = read_verdict(fetch_artifact(registry, version, VERDICT_ARTIFACT, Path(folder)))
        except ResultError:  # of an earlier release, whose verdicts had other fields
            return scores, None
    return scores, verdict.settings
