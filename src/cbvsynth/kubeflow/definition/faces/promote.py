"""The promote step, for Kubeflow Pipelines."""

from kfp import dsl

from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE


@dsl.component(base_image=LIGHT_IMAGE, install_kfp_package=False)
def promote(
    workspace: str,
    registered_name: str,
    evaluation: dsl.Input[dsl.Artifact],
    decision_record: dsl.Output[dsl.Markdown],
    model_card: dsl.Output[dsl.Markdown],
    promotion: dsl.Output[dsl.Artifact],
) -> None:
    """Make the registry obey the verdict.

    Args:
        workspace: Folder that all tasks share.
        registered_name: Registered model to promote to.
        evaluation: Which verdict, on which results and arrays.
        decision_record: What was decided, why, and what the registry holds now.
        model_card: What the champion is for, how good it is, where it ends.
        promotion: The decision, for programs.
    """
    given = locals()
    from cbvsynth.kubeflow.tasks.guard import guarded
    from cbvsynth.kubeflow.tasks.promote import Pages, run_task

    pages = Pages(decision_record.path, model_card.path, promotion.path)
    guarded(run_task, given, evaluation.path, pages)
