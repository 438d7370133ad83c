"""The promote step, for Kubeflow Pipelines."""

from kfp import dsl

from components.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def promote(
    workspace: str,
    registered_name: str,
    evaluation: dsl.Input[dsl.Artifact],
    decision_record: dsl.Output[dsl.Markdown],
    promotion: dsl.Output[dsl.Artifact],
) -> None:
    """Make the registry obey the verdict.

    Args:
        workspace: Folder that all tasks share.
        registered_name: Registered model to promote to.
        evaluation: Which verdict, on which results.
        decision_record: What was decided, why, and what the registry holds now.
        promotion: The same, for programs.
    """
    given = locals()
    from components.guard import guarded
    from components.promote.task import run_task

    guarded(run_task, given, evaluation.path, decision_record.path, promotion.path)
