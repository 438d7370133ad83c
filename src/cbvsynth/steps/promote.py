"""The promote step: make the registry obey the verdict."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome, ScoredModel, Verdict
from cbvsynth.domain.sequences import patterns_like
from cbvsynth.domain.wording import counted
from cbvsynth.evaluation.sweep import SUMMARY_FILE, read_judged
from cbvsynth.pages.model_card import model_card
from cbvsynth.records.regions import REGIONS_FILE, read_regions
from cbvsynth.records.selection import PATTERN_LABEL_PREFIX
from cbvsynth.records.storage import atomic_folder, sha256_of, write_json, write_text
from cbvsynth.records.summaries import read_summary
from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, read_uncertainty
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.registry.candidates import Candidate
from cbvsynth.registry.promotion import Promotion, promote
from cbvsynth.registry.store import open_registry


def run(config: PromoteConfig) -> Promotion:
    """Register what the verdict names, move the aliases, write promotion.json and the model cards.

    Raises:
        ResultError: the verdict or a result is missing or damaged, or results changed since.
        RegistryError: the registry cannot be reached, or its champion changed since the verdict.
        ModelError: an exported model is not the one that was scored.
    """
    verdict = read_verdict(config.verdict)
    candidates = {
        scored.model.slug: _candidate(config.results / scored.model.slug, scored, verdict)
        for scored in read_judged(config.results, verdict)
    }
    registry = open_registry(config.registered_name)
    promotion = promote(registry, verdict, config.verdict, candidates)
    # Others of this machine, in this folder, write one after the other, too.
    with registry.lock(), atomic_folder(config.out) as folder:
        write_json(folder / "promotion.json", _record(config, verdict, promotion))
        for model in sorted(promotion.versions.keys() & candidates.keys()):
            write_text(folder / "model_cards" / f"{model}.md", candidates[model].card)
    _tell(config, registry.address, promotion)
    return promotion


def _candidate(folder: Path, scored: ScoredModel, verdict: Verdict) -> Candidate:
    summary = read_summary(folder / SUMMARY_FILE)
    regions = read_regions(folder / REGIONS_FILE)
    uncertainty = read_uncertainty(folder / UNCERTAINTY_FILE)
    card = model_card(summary, scored.scores, verdict, regions, uncertainty)
    return Candidate(folder, summary, card)


def _record(config: PromoteConfig, verdict: Verdict, promotion: Promotion) -> dict[str, object]:
    """The decision record; without times and run ids, so that equal promotions are equal files."""
    return {
        "format": 1,
        "registered_name": config.registered_name,
        "outcome": promotion.outcome,
        "champion": promotion.champion,
        "champion_version": promotion.champion_version,
        "replaces": promotion.replaces,
        "aliases": dict(promotion.aliases),
        "versions": dict(promotion.versions),
        "target_unit": verdict.target_unit,
        "data_fingerprint": verdict.data_fingerprint,
        "verdict_sha256": sha256_of(config.verdict),
    }


def _tell(config: PromoteConfig, address: str, promotion: Promotion) -> None:
    name = config.registered_name
    if promotion.outcome is Outcome.PROMOTE:
        print(f"'{name}' has a champion: version {promotion.champion_version}, {promotion.champion}.")
    elif promotion.outcome is Outcome.ALREADY_CHAMPION:
        print(f"{promotion.champion} was champion of '{name}' and stays it.")
    else:
        present = promotion.champion or "still none"
        print(f"No new champion of '{name}' ({promotion.outcome}); the champion is {present}.")
    served = [
        alias.removeprefix(PATTERN_LABEL_PREFIX)
        for alias in promotion.aliases
        if alias.startswith(PATTERN_LABEL_PREFIX)
    ]
    patterns = f"{len(served)} of the {len(patterns_like(served))}"
    models = len(
        {version for alias, version in promotion.aliases.items() if alias.startswith(PATTERN_LABEL_PREFIX)}
    )
    serve = "serves" if models == 1 else "serve"
    print(f"{counted(models, 'model')} {serve} {patterns} sets of available sequences.")
    print(f"registry: {address}; look with 'cbvsynth registry list', or with 'mlflow ui' in a browser")
