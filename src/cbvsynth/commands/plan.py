"""`cbvsynth plan`: what a run will learn from, be judged on and cost; stops where it cannot end well."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.planning.cost import CostFrom


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
    from cbvsynth.planning.plan import plan_run, require_passable
    from cbvsynth.planning.settings import read_run_settings
    from cbvsynth.planning.study import planned_study
    from cbvsynth.planning.words import plan_lines
    from cbvsynth.records.json_codec import to_json

    settings = read_run_settings(params)
    found = plan_run(settings, planned_study(settings, data, decisions), cost)
    if json:
        print_json(to_json(found))
    else:
        for word, said in plan_lines(found, settings.train):
            print(f"{word:<10} {said}")
    require_passable(found)
