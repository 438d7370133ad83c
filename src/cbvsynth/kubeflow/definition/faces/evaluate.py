"""The evaluate step, for Kubeflow Pipelines."""

from typing import Dict, List

from kfp import dsl

from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def evaluate(
    workspace: str,
    results: List[Dict[str, str]],
    registered_name: str,
    select_by: str,
    required_baselines: List[str],
    min_examinations: int,
    max_lesion_bias: float,
    margin: float,
    alpha: float,
    bootstrap_samples: int,
    seed: int,
    leaderboard: dsl.Output[dsl.Markdown],
    report: dsl.Output[dsl.HTML],
    verdict: dsl.Output[dsl.Artifact],
    evaluation: dsl.Output[dsl.Artifact],
    numbers: dsl.Output[dsl.Metrics],
) -> bool:
    """Rank the models, compare them, give the verdict.

    Args:
        workspace: Folder that all tasks share.
        results: What the trainings returned.
        registered_name: Registered model whose present champion the candidate must stand up to.
        select_by: Column that ranks the models.
        required_baselines: Trivial maps that the candidate must beat.
        min_examinations: Fewest held-out examinations that a verdict may rest on.
        max_lesion_bias: Largest mean difference of lesion CBV, either sign, target's unit.
        margin: A challenger's mean SSIM must exceed the champion's by more than this.
        alpha: Significance level of the paired test against the present champion.
        bootstrap_samples: Resamples for confidence intervals, drawn by patient.
        seed: Seed of the resampling.
        leaderboard: Verdict, leaderboard and the paper's Table 2.
        report: The whole report, with pictures.
        verdict: The verdict, with every number that it rests on.
        evaluation: Which verdict, on which results and arrays, for promote.
        numbers: The candidate in numbers.

    Returns:
        Whether the gate lets the candidate through.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.evaluate import Pages, run_task
    from cbvsynth.kubeflow.tasks.guard import guarded

    pages = Pages(leaderboard.path, report.path, verdict.path, evaluation.path, numbers)
    return guarded(run_task, given, results, pages)
