"""The plan of a run, for Kubeflow Pipelines."""

from typing import List

from kfp import dsl

from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def plan(models: List[str], plan: dsl.Output[dsl.Markdown]) -> List[str]:
    """List the models to train.

    Args:
        models: Model ids or globs, as in ["encdec-*", "fcgan-t1c"], or ["all"] for the paper's 62.
        plan: The models, with the SSIM that the paper reports for each.

    Returns:
        Ids of the models.
    """
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.plan import run_task

    return guarded(run_task, models, plan.path)
