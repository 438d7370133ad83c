"""A pipeline of one's own around the component promote, from its compiled file."""

from pathlib import Path

from kfp import components, dsl, kubernetes

FOLDER = Path(__file__).parent
promote = components.load_component_from_file(str(FOLDER / "component.yaml"))


def on_volumes(task: dsl.PipelineTask) -> None:
    """Study and workspace, and no cache of Kubeflow's: the workspace knows what is done."""
    task.set_caching_options(False)
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-data", mount_path="/data")
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-workspace", mount_path="/workspace")


@dsl.pipeline(name="promote-example")
def example_pipeline(evaluation: str = "s3://lab/evaluation") -> None:
    """Make the registry obey a verdict that an earlier run has given.

    Args:
        evaluation: Where that run keeps its artefact `evaluation`.
    """
    judged = dsl.importer(artifact_uri=evaluation, artifact_class=dsl.Artifact)
    promoted = promote(workspace="/workspace", evaluation=judged.output)
    on_volumes(promoted)
    promoted.set_env_variable("MLFLOW_TRACKING_URI", "http://mlflow.cbvsynth.svc:5000")
