"""The preprocess step, for Kubeflow Pipelines."""

from kfp import dsl

from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def preprocess(
    data: str,
    workspace: str,
    study: str,
    layout: str,
    split_by: str,
    held_out_share: float,
    seed: int,
    workers: int,
    examinations: dsl.Output[dsl.Dataset],
    split_report: dsl.Output[dsl.Markdown],
) -> None:
    """Bring every accepted examination onto one grid, mask it, split the patients, cache arrays.

    Args:
        data: Folder of the study.
        workspace: Folder that all tasks share.
        study: What validate returned; a study that failed its checks stops here.
        layout: Folder layout of the study, or auto.
        split_by: Unit of the split, patient or examination.
        held_out_share: Share held out to score models.
        seed: Seed of the split.
        workers: Examinations processed at the same time.
        examinations: Where the arrays lie in the workspace, and their fingerprint.
        split_report: Who trains and who is held out.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.preprocess import run_task

    guarded(run_task, given, examinations.path, split_report.path)
