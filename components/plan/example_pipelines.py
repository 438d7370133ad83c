"""A pipeline of one's own around the component plan, from its compiled file."""

from pathlib import Path

from kfp import components, dsl

FOLDER = Path(__file__).parent
plan = components.load_component_from_file(str(FOLDER / "component.yaml"))


@dsl.pipeline(name="plan-example")
def example_pipeline(models: list[str] = ["encdec-*"]) -> None:  # noqa: B006  Kubeflow copies it
    """Check a run's arguments, and list the models that patterns name.

    Args:
        models: Model ids or globs.
    """
    plan(models=models, data="/data", workspace="/workspace").set_caching_options(False)
