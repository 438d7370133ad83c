"""A pipeline of one's own around the component evaluate, from its compiled file."""

from pathlib import Path

from kfp import components, dsl, kubernetes

FOLDER = Path(__file__).parent
evaluate = components.load_component_from_file(str(FOLDER / "component.yaml"))


def on_volumes(task: dsl.PipelineTask) -> None:
    """Study and workspace, and no cache of Kubeflow's: the workspace knows what is done."""
    task.set_caching_options(False)
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-data", mount_path="/data")
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-workspace", mount_path="/workspace")


@dsl.pipeline(name="evaluate-example")
def example_pipeline(results: list[dict[str, str]]) -> None:
    """Judge models that were trained elsewhere in the same workspace.

    Args:
        results: What their trainings returned.
    """
    judged = evaluate(workspace="/workspace", results=results)
    on_volumes(judged)
    judged.set_env_variable("MLFLOW_TRACKING_URI", "http://mlflow.cbvsynth.svc:5000")
