"""The pipeline's components: what each task is given, what it shows, one call into cbvsynth.kubeflow.tasks.

Kubeflow copies a function's text into the package and runs it there, so its signature must be literal. What
the pipeline wires is written here by hand; `with_settings` writes the step's settings in. The result can be
read in components/<step>/component.yaml.
"""

import inspect
import linecache
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Dict, List

from kfp import dsl

from cbvsynth.kubeflow.definition.profiles import Profile
from cbvsynth.kubeflow.definition.settings import pipeline_settings, settings_of


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the settings of the step that it is named after, in place of **settings."""
    name = function.__name__
    of_all_steps = name == "plan"
    settings = pipeline_settings() if of_all_steps else settings_of(name)
    source = inspect.getsource(function).partition("@with_settings\n")[2]
    written = {
        "    **settings: object,\n": [f"    {one.parameter},\n" for one in settings],
        # Of all steps' settings the sentences stand with the steps: twice, they are a quarter of the package.
        "        settings: Its settings.\n": [
            f"        {one.name}: {one.description}\n" for one in settings if not of_all_steps
        ],
    }
    for line, lines in written.items():
        assert source.count(line) == 1, f"{name} must have the line {line!r} once"
        source = source.replace(line, "".join(lines))
    # Kubeflow asks `inspect` for the text, which looks here when there is no such file.
    file = f"<{name} with its settings>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = dict(function.__globals__)
    exec(compile(source, file, "exec"), namespace)  # noqa: S102  the text is ours
    made: Callable[..., Any] = namespace[name]
    return made


def components_for(profile: Profile) -> SimpleNamespace:
    """Kubeflow's components, by the names of the functions below, with the images of a profile."""

    def component(function: Callable[..., Any]) -> dsl.base_component.BaseComponent:
        image = profile.train_image if function is train else profile.light_image
        return dsl.component(function, base_image=image, install_kfp_package=False)

    functions = (plan, validate, preprocess, train, evaluate, promote)
    return SimpleNamespace(**{function.__name__: component(function) for function in functions})


@with_settings
def plan(
    models: List[str],
    plan: dsl.Output[dsl.Markdown],
    arguments: dsl.Output[dsl.Artifact],
    data: str = "data",
    limits: str = "limits.yaml",
    workspace: str = "artifacts/kubeflow",
    keep_going: str = "off",
    **settings: object,
) -> List[str]:
    """Check every argument of the run, and list the models to train.

    Args:
        models: Model ids or globs, as in ["encdec-*", "fcgan-t1c"], or ["all"] for the paper's 62.
        plan: The models, with the SSIM that the paper reports for each.
        arguments: What the run was told, for the task that sees the study.
        data: Folder of the study.
        limits: File with the limits of the checks.
        workspace: Folder that all tasks share.
        keep_going: What train is given.
        settings: Its settings.

    Returns:
        Ids of the models.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.plan import run_task

    return guarded(run_task, given, plan.path, arguments.path)


@with_settings
def validate(
    data: str,
    limits: str,
    workspace: str,
    validation_report: dsl.Output[dsl.HTML],
    flow_chart: dsl.Output[dsl.Markdown],
    counts: dsl.Output[dsl.Metrics],
    **settings: object,
) -> str:
    """Check every examination and drop the unfit ones, each with its reason.

    Args:
        data: Folder of the study.
        limits: File with the limits of the checks.
        workspace: Folder that all tasks share.
        validation_report: Every check and every examination.
        flow_chart: Who was found, dropped and accepted.
        counts: Numbers of examinations and patients.
        settings: Its settings.

    Returns:
        Name of the study's folder in the workspace, which stands for its content.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.validate import run_task

    return guarded(run_task, given, validation_report.path, flow_chart.path, counts)


@with_settings
def preprocess(
    data: str,
    workspace: str,
    study: str,
    arguments: dsl.Input[dsl.Artifact],
    examinations: dsl.Output[dsl.Dataset],
    split_report: dsl.Output[dsl.Markdown],
    **settings: object,
) -> None:
    """Bring every accepted examination onto one grid, mask it, split the patients, cache arrays.

    Args:
        data: Folder of the study.
        workspace: Folder that all tasks share.
        study: What validate returned; a study that failed its checks, or the gate's minimum, stops here.
        arguments: What the run was told, as the plan hands it over.
        examinations: Where the arrays lie in the workspace, and their fingerprint.
        split_report: What each model learns from and is scored on, the cost; who trains, who is held out.
        settings: Its settings.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.preprocess import run_task

    guarded(run_task, given, arguments.path, examinations.path, split_report.path)


@with_settings
def train(
    workspace: str,
    model: str,
    examinations: dsl.Input[dsl.Dataset],
    scores: dsl.Output[dsl.Metrics],
    saved_model: dsl.Output[dsl.Model],
    keep_going: str = "off",
    **settings: object,
) -> Dict[str, str]:
    """Train one model, export it as a SavedModel and score the held-out examinations with it.

    Args:
        workspace: Folder that all tasks share.
        model: Which of the 62 models, as in encdec-t1-t1c-adc.
        examinations: Where the arrays lie in the workspace.
        scores: Mean scores over the held-out examinations.
        saved_model: The exported model.
        keep_going: on, and a model that cannot be trained is reported and left out; off, and it ends the run.
        settings: Its settings.

    Returns:
        What evaluate needs to know of the model.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.train import run_task

    return guarded(run_task, given, examinations.path, scores, saved_model)


@with_settings
def evaluate(
    workspace: str,
    results: List[Dict[str, str]],
    leaderboard: dsl.Output[dsl.Markdown],
    report: dsl.Output[dsl.HTML],
    verdict: dsl.Output[dsl.Artifact],
    evaluation: dsl.Output[dsl.Artifact],
    numbers: dsl.Output[dsl.Metrics],
    **settings: object,
) -> bool:
    """Rank the models, compare them, give the verdict.

    Args:
        workspace: Folder that all tasks share.
        results: What the trainings returned.
        leaderboard: Verdict, leaderboard and the paper's Table 2.
        report: The whole report, with pictures.
        verdict: The verdict, with every number that it rests on.
        evaluation: Which verdict, on which results and arrays, for promote.
        numbers: The candidate in numbers.
        settings: Its settings.

    Returns:
        Whether the gate lets the candidate through.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.evaluate import Pages, run_task
    from cbvsynth.kubeflow.tasks.guard import guarded

    pages = Pages(leaderboard.path, report.path, verdict.path, evaluation.path, numbers)
    return guarded(run_task, given, results, pages)


@with_settings
def promote(
    workspace: str,
    evaluation: dsl.Input[dsl.Artifact],
    decision_record: dsl.Output[dsl.Markdown],
    model_card: dsl.Output[dsl.Markdown],
    promotion: dsl.Output[dsl.Artifact],
    **settings: object,
) -> None:
    """Make the registry obey the verdict.

    Args:
        workspace: Folder that all tasks share.
        evaluation: Which verdict, on which results and arrays.
        decision_record: What was decided, why, and what the registry holds now.
        model_card: What the champion is for, how good it is, where it ends.
        promotion: The decision, for programs.
        settings: Its settings.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.promote import Pages, run_task

    pages = Pages(decision_record.path, model_card.path, promotion.path)
    guarded(run_task, given, evaluation.path, pages)
