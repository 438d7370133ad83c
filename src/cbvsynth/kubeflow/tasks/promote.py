"""Promote as a Kubeflow task: the step, and the record of what it did, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome
from cbvsynth.kubeflow.tasks.artifacts import show_file, show_markdown
from cbvsynth.kubeflow.tasks.settings import config_from
from cbvsynth.kubeflow.tasks.workspace import read_handover
from cbvsynth.registry.promotion import Promotion


class Pages(NamedTuple):
    """Where Kubeflow takes the artefacts of this task from."""

    record: str
    card: str
    promotion: str


def run_task(given: Mapping[str, Any], evaluation_path: str, pages: Pages) -> None:
    """Carry out a verdict, whatever it says, and show what the registry holds now.

    Raises:
        CbvsynthError: as the step.
    """
    from cbvsynth.steps.promote import run

    workspace = Path(given["workspace"])
    verdict, sweep = read_handover(evaluation_path, "verdict", "sweep")
    config = config_from(
        PromoteConfig,
        given,
        verdict=workspace / "evaluate" / verdict / "verdict.json",
        results=workspace / "train" / sweep,
        out=workspace / "promote" / verdict,
    )
    promotion = run(config)
    show_file(pages.promotion, config.out / "promotion.json")
    show_markdown(pages.record, _record(config, promotion))
    show_markdown(pages.card, _card(config, promotion))


def _card(config: PromoteConfig, promotion: Promotion) -> str:
    """The champion's card, or a line that says where it is; never another model's."""
    champion, version = promotion.champion, promotion.champion_version
    if not champion:
        return f"No model was promoted and '{config.registered_name}' has no champion: no card to show.\n"
    if promotion.versions.get(champion) != version:
        return (
            f"No model was promoted: the champion is still version {version}, {champion}, of an earlier run. "
            "Its card is model_card.md of that version's run in MLflow.\n"
        )
    return (config.out / "model_cards" / f"{champion}.md").read_text(encoding="utf-8")


def _record(config: PromoteConfig, promotion: Promotion) -> str:
    from cbvsynth.pages.tables.formats import markdown_table
    from cbvsynth.signature import RESEARCH_NOTE

    name = config.registered_name
    why = json.loads(config.verdict.read_text(encoding="utf-8"))["text"]
    headline = {
        Outcome.PROMOTE: f"'{name}' has a new champion: {promotion.champion}",
        Outcome.ALREADY_CHAMPION: f"{promotion.champion} stays champion of '{name}'",
    }.get(promotion.outcome, f"No new champion of '{name}'")
    present = f"version {promotion.champion_version}, {promotion.champion}" if promotion.champion else "none"
    models = {version: model for model, version in promotion.versions.items()}
    aliases = [
        (alias, str(version), models.get(version, "of an earlier run"))
        for alias, version in promotion.aliases.items()
    ]
    parts = [f"# {headline}", why, f"Champion now: {present}."]
    if promotion.replaces:
        parts.append(
            f"It replaces version {promotion.replaces}; `cbvsynth registry rollback` goes back to it."
        )
    if aliases:
        parts.append(markdown_table(("alias", "version", "model"), aliases))
    return "\n\n".join([*parts, f"> {RESEARCH_NOTE}"]) + "\n"
