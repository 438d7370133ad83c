"""The validate step, for Kubeflow Pipelines."""

from kfp import dsl

from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def validate(
    data: str,
    limits: str,
    workspace: str,
    layout: str,
    max_dropped_share: float,
    workers: int,
    validation_report: dsl.Output[dsl.HTML],
    flow_chart: dsl.Output[dsl.Markdown],
    counts: dsl.Output[dsl.Metrics],
) -> str:
    """Check every examination and drop the unfit ones, each with its reason.

    Args:
        data: Folder of the study.
        limits: File with the limits of the checks.
        workspace: Folder that all tasks share.
        layout: Folder layout of the study, or auto.
        max_dropped_share: The run stops when a larger share of the examinations is dropped.
        workers: Examinations measured at the same time.
        validation_report: Every check and every examination.
        flow_chart: Who was found, dropped and accepted.
        counts: Numbers of examinations and patients.

    Returns:
        Name of the study's folder in the workspace, which stands for its content.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.validate import run_task

    return guarded(run_task, given, validation_report.path, flow_chart.path, counts)
