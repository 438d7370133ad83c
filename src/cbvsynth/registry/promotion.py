"""Making the registry obey a verdict.

The order makes a kill at any point harmless: runs, then artefacts, then versions, then the aliases of
the availability patterns, and the alias `champion` last. An alias only ever points at a whole model, and
promoting again goes on where it stopped.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.selection.records import Outcome, Verdict
from cbvsynth.errors import RegistryError
from cbvsynth.records.storage import sha256_of
from cbvsynth.registry.candidates import Candidate, describing_tags, find_or_log_run, log_model
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import (
    AVAILABLE_PREFIX,
    CARD,
    CHALLENGER,
    CHAMPION,
    ModelVersion,
    aliases_of,
    available_alias,
    list_versions,
    version_of,
    version_of_bytes,
)

_ATTEMPTS = 8
"""Promoters of several machines that create the same thing at the same moment are refused, all but one; each
goes on with what is there then. Chosen here: as many as the promoters that are tested together."""


@dataclass(frozen=True)
class Promotion:
    """What was done. `aliases` and `versions` are the registry's state afterwards, for these models."""

    outcome: Outcome
    champion: str
    """Model that is champion now; empty when there is none."""
    champion_version: int
    """Its version; 0 when there is none."""
    replaces: int
    """Version that was champion before; 0 when there was none or it stayed."""
    aliases: Mapping[str, int]
    versions: Mapping[str, int]
    """Model -> version, for every model of this sweep that has one."""


def promote(
    registry: Registry, verdict: Verdict, verdict_file: Path, candidates: Mapping[str, Candidate]
) -> Promotion:
    """Carry a verdict out: runs for all models, versions and aliases for those it names.

    Promoting the same verdict again changes nothing. One process of this machine promotes at a time; those
    of other machines, which share nothing but the registry, come to the same versions and aliases.

    Raises:
        RegistryError: the champion is no longer the one that the verdict was compared with, or the registry
            refuses again and again.
        ModelError: an exported model is not the one that was scored.
    """
    winners = dict(verdict.champions_by_availability)
    candidate = verdict.candidate.model if verdict.candidate else ""
    for name in {candidate, *winners.values()} - {""}:
        candidates[name].require_untouched()
    registry.connect()
    from mlflow.exceptions import MlflowException

    with registry.lock():
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _carry_out(registry, verdict, verdict_file, candidates)
            except MlflowException as error:
                if attempt == _ATTEMPTS:
                    raise RegistryError(
                        f"The registry at {registry.address} gave up ({registry.readable(error)}). Promote "
                        "again, which goes on where this stopped."
                    ) from error
                time.sleep(attempt * secrets.randbelow(1000) / 1000)
    raise AssertionError("the last attempt returns or raises")


def _carry_out(
    registry: Registry, verdict: Verdict, verdict_file: Path, candidates: Mapping[str, Candidate]
) -> Promotion:
    candidate = verdict.candidate.model if verdict.candidate else ""
    before = version_of(registry, CHAMPION)
    if verdict.outcome in (Outcome.PROMOTE, Outcome.ALREADY_CHAMPION):
        _require_same_champion(registry, verdict, before.digest if before else "")
    runs = {name: find_or_log_run(registry, trained) for name, trained in candidates.items()}
    if verdict.outcome in (Outcome.PROMOTE, Outcome.ALREADY_CHAMPION):
        _crown(registry, verdict, verdict_file, candidates, runs)
    elif verdict.outcome is Outcome.NOT_BETTER:
        version = _ensure_version(registry, candidates[candidate], runs[candidate], verdict, verdict_file)
        registry.client.set_registered_model_alias(registry.registered_name, CHALLENGER, str(version))
    return _promotion(registry, verdict.outcome, before, candidates)


def _require_same_champion(registry: Registry, verdict: Verdict, present: str) -> None:
    compared = verdict.champion.digest if verdict.champion else ""
    candidate = verdict.candidate.digest if verdict.candidate else ""
    if present not in (compared, candidate):
        raise RegistryError(
            f"The champion of '{registry.registered_name}' is no longer the one that the verdict was "
            "compared with; another promotion came between. Nothing was changed: evaluate again, then "
            "promote (dvc repro --force evaluate)."
        )


def _crown(
    registry: Registry,
    verdict: Verdict,
    verdict_file: Path,
    candidates: Mapping[str, Candidate],
    runs: Mapping[str, str],
) -> None:
    before = version_of(registry, CHAMPION)
    name = registry.registered_name
    assert verdict.candidate is not None, "a promoting verdict names its candidate"
    candidate = verdict.candidate.model
    models = dict.fromkeys([candidate, *verdict.champions_by_availability.values()])
    versions = {
        model: _ensure_version(registry, candidates[model], runs[model], verdict, verdict_file)
        for model in models
    }
    champion = versions[candidate]
    targets = {
        available_alias(pattern): versions[model]
        for pattern, model in verdict.champions_by_availability.items()
    }
    snapshot = {**targets, CHAMPION: champion}
    client = registry.client
    client.set_model_version_tag(name, str(champion), "aliases", json.dumps(snapshot, sort_keys=True))
    if before is not None and before.version != champion:
        client.set_model_version_tag(name, str(champion), "replaces", str(before.version))
    point_aliases(registry, snapshot)


def point_aliases(registry: Registry, targets: Mapping[str, int]) -> None:
    """Point the availability aliases and then `champion` at the given versions; drop what is not named."""
    name, client = registry.registered_name, registry.client
    present = aliases_of(registry)
    for alias, version in targets.items():
        if alias != CHAMPION and present.get(alias) != version:
            client.set_registered_model_alias(name, alias, str(version))
    client.set_registered_model_alias(name, CHAMPION, str(targets[CHAMPION]))
    stale = [alias for alias in present if alias.startswith(AVAILABLE_PREFIX) and alias not in targets]
    if present.get(CHALLENGER) == targets[CHAMPION]:
        stale.append(CHALLENGER)
    for alias in stale:
        client.delete_registered_model_alias(name, alias)


def _ensure_version(
    registry: Registry, candidate: Candidate, run_id: str, verdict: Verdict, verdict_file: Path
) -> int:
    """The version of these very bytes and data, made now if there is none."""
    from mlflow.exceptions import MlflowException

    present = _version_of(registry, candidate)
    if present:
        return present
    source = log_model(registry, candidate, run_id)
    registry.client.log_artifact(run_id, str(verdict_file), "evaluation")
    registry.client.log_text(run_id, candidate.card, CARD)
    try:
        registry.client.create_registered_model(
            registry.registered_name,
            description="Synthetic CBV maps from standard brain-tumour MRI. For research only.",
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {
        **describing_tags(candidate.summary),
        "saved_model_sha256": json.dumps(candidate.summary.saved_model_sha256, sort_keys=True),
        "verdict_sha256": sha256_of(verdict_file),
        "gate": f"LOOSENED: {'; '.join(verdict.loosened)}" if verdict.loosened else "this release's limits",
        "data_version": _data_version(),
    }
    description = f"{candidate.summary.model}. For research only. The model card is the run's {CARD}."
    created = registry.client.create_model_version(
        registry.registered_name, source, run_id, tags=tags, description=description
    )
    return _first_of_its_kind(registry, candidate, int(created.version))


def _first_of_its_kind(registry: Registry, candidate: Candidate, ours: int) -> int:
    """The version to point at, where a promotion on another machine made one of the same bytes meanwhile.

    All that are at it see the lowest, agree on it, and take their own away again.
    """
    first = _version_of(registry, candidate)
    if first != ours:
        registry.client.delete_model_version(registry.registered_name, str(ours))
    return first


def _version_of(registry: Registry, candidate: Candidate) -> int:
    """The lowest version of these very bytes and data; 0 if there is none."""
    summary = candidate.summary
    return version_of_bytes(registry, summary.saved_model_digest, summary.data_fingerprint)


def _data_version() -> str:
    """Digest of the study as data.dvc names it; 'unversioned' outside a DVC project."""
    import yaml

    record = Path("data.dvc")
    if not record.is_file():
        return "unversioned"
    outs = (yaml.safe_load(record.read_text(encoding="utf-8")) or {}).get("outs") or [{}]
    return str(outs[0].get("md5", "unversioned"))


def _promotion(
    registry: Registry,
    outcome: Outcome,
    before: ModelVersion | None,
    candidates: Mapping[str, Candidate],
) -> Promotion:
    champion = version_of(registry, CHAMPION)
    digests = {trained.summary.saved_model_digest for trained in candidates.values()}
    return Promotion(
        outcome=outcome,
        champion=champion.model if champion else "",
        champion_version=champion.version if champion else 0,
        replaces=before.version if before and champion and before.version != champion.version else 0,
        aliases=aliases_of(registry),
        versions={
            version.model: version.version for version in list_versions(registry) if version.digest in digests
        },
    )
