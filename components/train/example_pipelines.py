"""A pipeline of one's own around the component train, from its compiled file."""

from pathlib import Path

from kfp import components, dsl, kubernetes

FOLDER = Path(__file__).parent
train = components.load_component_from_file(str(FOLDER / "component.yaml"))


def on_volumes(task: dsl.PipelineTask) -> None:
    """Study and workspace, and no cache of Kubeflow's: the workspace knows what is done."""
    task.set_caching_options(False)
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-data", mount_path="/data")
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-workspace", mount_path="/workspace")


@dsl.pipeline(name="train-example")
def example_pipeline(model: str = "encdec-t1-t1c-adc", examinations: str = "s3://lab/examinations") -> None:
    """Train one model on a GPU, on arrays that an earlier run has prepared in the workspace.

    Args:
        model: Id of the model.
        examinations: Where that run keeps its artefact `examinations`.
    """
    prepared = dsl.importer(artifact_uri=examinations, artifact_class=dsl.Dataset)
    trained = train(workspace="/workspace", model=model, examinations=prepared.output)
    on_volumes(trained)
    trained.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(1)
