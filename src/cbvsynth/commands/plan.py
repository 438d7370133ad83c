"""`cbvsynth plan`: what a run will learn from, be judged on and cost; stops where it cannot end well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError
from cbvsynth.planning.cost import CostFrom

if TYPE_CHECKING:
    from cbvsynth.planning.plan import ModelPlan, RunPlan, Side


def plan(
    params: Path = Path("params.yaml"),
    data: Path = Path("data"),
    decisions: Path = Path("artifacts/validate/examinations.csv"),
    cost: CostFrom = CostFrom.ESTIMATED,
    json: AsJson = 0,
) -> None:
    """Say before the hours are spent what a run will do; the exit code is 1 where the gate cannot pass.

    Args:
        params: File of parameters.
        data: Data root; where it is missing or empty the run makes the phantom.
        decisions: What validate decided, if it did: then only accepted examinations count.
        cost: estimated: by a matrix product, good to a factor of two. measured: by steps of the very network,
            which starts TensorFlow.
        json: Print it as JSON.

    Raises:
        DataError: the run cannot end with a champion; what to change.
    """
    from cbvsynth.planning.plan import plan_run
    from cbvsynth.planning.settings import read_run_settings
    from cbvsynth.planning.study import planned_study
    from cbvsynth.records.json_codec import to_json

    settings = read_run_settings(params)
    found = plan_run(settings, planned_study(settings, data, decisions), cost)
    if json:
        print_json(to_json(found))
    else:
        _tell(found, settings.train.epochs)
    if found.obstacles:
        raise DataError("This run cannot end with a champion. " + " ".join(found.obstacles))


def _tell(plan: RunPlan, epochs: int) -> None:
    print(f"study      {_side(plan.study)}: {plan.source} (layout {plan.layout})")
    print("sequences  " + ", ".join(f"{name} {count}" for name, count in plan.sequences.items()))
    units = f" ({', '.join(plan.units)})" if plan.units else ""
    print(f"CBV maps   {plan.cbv_maps}{units}; segmentations {plan.segmentations}")
    groups: dict[tuple[Side, Side], list[ModelPlan]] = {}
    for model in plan.models:
        groups.setdefault((model.train, model.held_out), []).append(model)
    for (train, held_out), models in groups.items():
        names = ", ".join(one.model for one in models) if len(groups) > 1 else "all"
        print(
            f"{counted(len(models), 'model'):<10} learn from {_side(train)}, {counted(epochs, 'epoch')}; are "
            f"scored on {_side(held_out)} ({names})"
        )
    able = "can" if plan.judged.examinations >= plan.min_examinations else "cannot"
    print(f"gate       judges {_side(plan.judged)}; asks for {plan.min_examinations}: it {able} pass")
    cost = plan.cost
    print(
        f"cost       {cost.processor_hours:.2g} processor hours of training, {cost.by}: {cost.hours:.2g} h "
        f"on the {counted(cost.processors, 'processor')} here; {cost.disk_bytes / 1e9:.2g} GB of disk"
    )
    for warning in plan.warnings:
        print(f"warning    {warning}")


def _side(side: Side) -> str:
    return f"{counted(side.examinations, 'examination')} of {counted(side.patients, 'patient')}"
