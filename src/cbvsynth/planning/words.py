"""A plan in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.domain.wording import counted
from cbvsynth.planning.cost import Cost
from cbvsynth.planning.plan import ModelPlan, RunPlan, Side


def plan_lines(plan: RunPlan, epochs: int) -> Iterator[tuple[str, str]]:
    """What a run will do, as pairs of a word and what is said of it."""
    yield "study", f"{_side(plan.study)}: {plan.source} (layout {plan.layout})"
    yield "sequences", ", ".join(f"{name} {count}" for name, count in plan.sequences.items())
    units = f" ({', '.join(plan.units)})" if plan.units else ""
    yield "CBV maps", f"{plan.cbv_maps}{units}; segmentations {plan.segmentations}"
    groups: dict[tuple[Side, Side], list[ModelPlan]] = {}
    for model in plan.models:
        groups.setdefault((model.train, model.held_out), []).append(model)
    for (train, held_out), models in groups.items():
        names = ", ".join(one.model for one in models) if len(groups) > 1 else "all"
        learn = f"learn from {_side(train)}, {counted(epochs, 'epoch')}"
        yield counted(len(models), "model"), f"{learn}; are scored on {_side(held_out)} ({names})"
    able = "can" if plan.judged.examinations >= plan.min_examinations else "cannot"
    yield "gate", f"judges {_side(plan.judged)}; asks for {plan.min_examinations}: it {able} pass"
    yield "cost", _cost(plan.cost)
    for warning in plan.warnings:
        yield "warning", warning


def _cost(cost: Cost) -> str:
    return (
        f"{cost.processor_hours:.2g} processor hours of training, {cost.by}: {cost.hours:.2g} h on the "
        f"{counted(cost.processors, 'processor')} here; {cost.disk_bytes / 1e9:.2g} GB of disk"
    )


def _side(side: Side) -> str:
    return f"{counted(side.examinations, 'examination')} of {counted(side.patients, 'patient')}"
