"""A pipeline of one's own around the component preprocess, from its compiled file."""

from pathlib import Path

from kfp import components, dsl, kubernetes

FOLDER = Path(__file__).parent
plan = components.load_component_from_file(str(FOLDER.parent / "plan" / "component.yaml"))
validate = components.load_component_from_file(str(FOLDER.parent / "validate" / "component.yaml"))
preprocess = components.load_component_from_file(str(FOLDER / "component.yaml"))


def on_volumes(task: dsl.PipelineTask) -> None:
    """Study and workspace, and no cache of Kubeflow's: the workspace knows what is done."""
    task.set_caching_options(False)
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-data", mount_path="/data")
    kubernetes.mount_pvc(task, pvc_name="cbvsynth-workspace", mount_path="/workspace")


@dsl.pipeline(name="preprocess-example")
def example_pipeline(data: str = "/data/glioma-2024") -> None:
    """Check a study, then prepare what was accepted of it, as the models need it.

    Args:
        data: Folder of the study.
    """
    told = plan(models=["encdec-*"], data=data, workspace="/workspace").set_caching_options(False)
    checked = validate(data=data, limits="limits.yaml", workspace="/workspace")
    on_volumes(checked)
    prepared = preprocess(
        data=data,
        workspace="/workspace",
        study=checked.outputs["Output"],
        arguments=told.outputs["arguments"],
    )
    on_volumes(prepared)
