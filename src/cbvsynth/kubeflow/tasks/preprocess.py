"""Preprocess as a Kubeflow task: stop a study that failed its checks, prepare any other once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.options import Switch
from cbvsynth.errors import QualityError
from cbvsynth.kubeflow.tasks.artifacts import show_markdown
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest, word_from
from cbvsynth.kubeflow.tasks.workspace import REFUSAL_FILE, read_arguments, write_handover
from cbvsynth.records.examinations import read_index


def run_task(given: Mapping[str, Any], arguments_path: str, examinations_path: str, report_path: str) -> None:
    """Prepare the arrays of a checked study, unless they exist, and tell later tasks where they are.

    First comes what `cbvsynth plan` says of the accepted examinations, for no training may start in vain.

    Raises:
        QualityError: validate dropped too much of the study.
        DataError: the gate cannot pass; what to change.
        CbvsynthError: as the step.
    """
    from cbvsynth.preprocessing import PREPROCESSING_VERSION

    workspace = Path(given["workspace"])
    checked = workspace / "validate" / given["study"]
    if (checked / REFUSAL_FILE).is_file():
        raise QualityError((checked / REFUSAL_FILE).read_text(encoding="utf-8").strip())
    config = config_from(
        PreprocessConfig,
        given,
        data=Path(given["data"]),
        examinations=checked / "examinations.csv",
        out=workspace,
    )
    planned = _plan(config, arguments_path)
    prepared = short_digest(
        {
            "study": given["study"],
            "version": PREPROCESSING_VERSION,
            "settings": plain_settings(config, without=frozenset({"workers"})),
        }
    )
    folder = workspace / "preprocess" / prepared
    if (folder / "index.json").is_file():
        print(f"{len(read_index(folder).examinations)} examinations were prepared already, by an earlier run")
    else:
        from dataclasses import replace

        from cbvsynth.steps.preprocess import run

        run(replace(config, out=folder))
    show_markdown(report_path, planned + (folder / "report.md").read_text(encoding="utf-8"))
    write_handover(
        examinations_path,
        {"folder": f"preprocess/{prepared}", "data_fingerprint": read_index(folder).data_fingerprint},
    )


def _plan(config: PreprocessConfig, arguments_path: str) -> str:
    """What the run means for this study, Markdown; stops one whose gate cannot pass.

    With keep_going on, a model that has nothing to learn from or to be scored on stops nothing: the run does
    without it, and so does the plan.
    """
    from dataclasses import replace

    from cbvsynth.kubeflow.arguments import run_settings
    from cbvsynth.pages.tables.formats import markdown_table
    from cbvsynth.planning.plan import plan_run, require_passable
    from cbvsynth.planning.study import planned_study
    from cbvsynth.planning.words import plan_lines

    arguments = read_arguments(arguments_path)
    settings = run_settings(arguments)
    study = planned_study(settings, config.data, config.examinations)
    plan = plan_run(settings, study)
    able = {one.model for one in plan.models if one.train.examinations and one.held_out.examinations}
    without = [model for model in settings.models if model.slug not in able]
    left_out = []
    if able and without and word_from(Switch, "keep_going", arguments["keep_going"]) is Switch.ON:
        plan = plan_run(
            replace(settings, models=tuple(one for one in settings.models if one.slug in able)), study
        )
        names = ", ".join(model.slug for model in without)
        left_out = [("left out", f"{names}: no examination there has all of the sequences and a CBV map")]
    lines = [*plan_lines(plan, settings.train), *left_out]
    for word, said in lines:
        print(f"{word:<10} {said}")
    require_passable(plan)
    return f"# What the run will do\n\n{markdown_table(('', 'of this study'), lines, left=2)}\n\n"
