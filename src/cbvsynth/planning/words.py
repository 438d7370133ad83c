"""A plan in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.config import TrainConfig
from cbvsynth.domain.wording import counted
from cbvsynth.planning.cost import Cost
from cbvsynth.planning.plan import ModelPlan, RunPlan, Side

_OF_THE_PAPER = (
    *("epochs", "learning_rate", "cooldown", "base_channels", "residual_blocks", "decoder", "end_kernel"),
    *("skip_connections", "output_activation", "adversarial_weight", "feature_weight", "lesion_weight"),
    *("region_weight", "stratify", "update"),
)
"""Settings of a training whose defaults are the paper's, or those of the authors' code."""


def plan_lines(plan: RunPlan, train: TrainConfig) -> Iterator[tuple[str, str]]:
    """What a run will do, as pairs of a word and what is said of it."""
    yield "study", f"{_side(plan.study)}: {plan.source} (layout {plan.layout})"
    yield "sequences", ", ".join(f"{name} {count}" for name, count in plan.sequences.items())
    units = f" ({', '.join(plan.units)})" if plan.units else ""
    yield "CBV maps", f"{plan.cbv_maps}{units}; segmentations {plan.segmentations}"
    groups: dict[tuple[Side, Side], list[ModelPlan]] = {}
    for model in plan.models:
        groups.setdefault((model.train, model.held_out), []).append(model)
    for (learned, held_out), models in groups.items():
        names = ", ".join(one.model for one in models) if len(groups) > 1 else "all"
        learn = f"learn from {_side(learned)}, {counted(train.epochs, 'epoch')}"
        yield counted(len(models), "model"), f"{learn}; are scored on {_side(held_out)} ({names})"
    yield "training", _training(train)
    able = "can" if plan.judged.examinations >= plan.min_examinations else "cannot"
    yield "gate", f"judges {_side(plan.judged)}; asks for {plan.min_examinations}: it {able} pass"
    yield "cost", _cost(plan.cost)
    for warning in plan.warnings:
        yield "warning", warning


def _training(train: TrainConfig) -> str:
    """Where a training is not the paper's: the demo's is not, and a study of one's own may deserve it."""
    paper = TrainConfig(model=train.model)
    pairs = [(name, getattr(train, name), getattr(paper, name)) for name in _OF_THE_PAPER]
    others = [f"{name} {mine} ({theirs})" for name, mine, theirs in pairs if mine != theirs]
    return f"not the paper's in {', '.join(others)}" if others else "as in the paper"


def _cost(cost: Cost) -> str:
    return (
        f"{cost.processor_hours:.2g} processor hours of training, {cost.by}: {cost.hours:.2g} h on the "
        f"{counted(cost.processors, 'processor')} here; {cost.disk_bytes / 1e9:.2g} GB of disk"
    )


def _side(side: Side) -> str:
    return f"{counted(side.examinations, 'examination')} of {counted(side.patients, 'patient')}"
