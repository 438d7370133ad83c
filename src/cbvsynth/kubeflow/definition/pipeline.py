"""The pipeline: check a study, prepare it, train and score every model, judge, promote.

Written here are the parameters that are no step's setting, and how the tasks are connected. All other
parameters are the settings of the steps, with the defaults and sentences of cbvsynth.config.
"""

import inspect
from collections.abc import Callable
from typing import Any, List

from kfp import dsl

from cbvsynth.kubeflow.definition.components import components_for
from cbvsynth.kubeflow.definition.placement import (
    allow_registry,
    allow_retry,
    allow_study,
    place_light,
    place_train,
    tell_mounts,
)
from cbvsynth.kubeflow.definition.profiles import Profile
from cbvsynth.kubeflow.definition.settings import pipeline_name, pipeline_settings, settings_of

NAME = "cbv-synthesis"
TITLE = "Synthetic CBV: check, train, judge, promote"


def with_every_setting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the settings of all steps as parameters, in place of *settings.

    Kubeflow reads a pipeline's parameters from its signature and docstring, and passes them by position.
    """
    settings = pipeline_settings()
    signature = inspect.signature(function)
    *wired, _ = signature.parameters.values()
    parameters = [*wired, *(setting.parameter for setting in settings)]
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # where inspect looks first
    *lines, _ = (inspect.getdoc(function) or "").splitlines()
    lines += [f"    {setting.name}: {setting.description}" for setting in settings]
    function.__doc__ = "\n".join(lines)
    return function


def cbv_synthesis(profile: Profile) -> dsl.base_component.BaseComponent:
    """The pipeline for one place to run, ready to be compiled."""
    component = components_for(profile)

    @dsl.pipeline(
        name=NAME,
        display_name=TITLE,
        pipeline_config=dsl.PipelineConfig(ttl_seconds_after_finished=profile.keep_finished_s),
    )
    @with_every_setting
    def pipeline(
        data: str = profile.data.mount if profile.data else "data",
        limits: str = "limits.yaml",
        workspace: str = profile.workspace.mount if profile.workspace else "artifacts/kubeflow",
        models: List[str] = ["all"],  # noqa: B006  Kubeflow copies it
        keep_going: str = "off",
        *settings: object,
    ) -> None:
        """A study of brain-tumour MRI in, a registered model that synthesises CBV maps out.

        Fields are numbered by step. The first two decide a run: where the study lies, and which models to
        train; all others keep the paper's values. The same run started again does only what is missing.
        For research only; not a medical device.

        Args:
            data: Folder of the study, in one of the known layouts or with a manifest.csv.
            limits: File with the limits of the data checks; the image brings limits.yaml.
            workspace: Folder that all tasks share; arrays, checkpoints and results are kept there.
            models: Models to train, as a list of ids or globs; ["all"] is the paper's 62, ["encdec-*"] half.
            keep_going: on: a model that cannot be trained is reported and left out. off: it ends the run.
            *settings: The settings of every step.
        """
        given = {known.name: one for known, one in zip(pipeline_settings(), settings, strict=True)}

        def of(step: str) -> dict[str, object]:
            return {setting.name: given[pipeline_name(step, setting.name)] for setting in settings_of(step)}

        planned = component.plan(
            models=models, data=data, limits=limits, workspace=workspace, keep_going=keep_going, **given
        )
        place_light(planned, profile, "Plan the run")
        tell_mounts(planned, profile)

        checked = component.validate(data=data, limits=limits, workspace=workspace, **of("validate"))
        # Nothing starts with a wrong argument: the plan names them all within seconds.
        checked.after(planned)
        place_light(checked, profile, "Check the data")
        allow_retry(checked, profile)
        allow_study(checked, profile)

        prepared = component.preprocess(
            data=data,
            workspace=workspace,
            study=checked.outputs["Output"],
            arguments=planned.outputs["arguments"],
            **of("preprocess"),
        )
        place_light(prepared, profile, "Prepare and split")
        allow_retry(prepared, profile)
        allow_study(prepared, profile)

        with dsl.ParallelFor(
            name="every-model", items=planned.outputs["Output"], parallelism=profile.parallel_trainings
        ) as model:
            trained = component.train(
                workspace=workspace,
                model=model,
                keep_going=keep_going,
                examinations=prepared.outputs["examinations"],
                **of("train"),
            )
            place_train(trained, profile, "Train and score")

        judged = component.evaluate(
            workspace=workspace, results=dsl.Collected(trained.outputs["Output"]), **of("evaluate")
        )
        place_light(judged, profile, "Rank and judge")
        allow_retry(judged, profile)
        allow_registry(judged, profile)

        # Promote obeys any verdict; a refusal is recorded and moves no champion.
        def promote(name: str) -> None:
            task = component.promote(
                workspace=workspace, evaluation=judged.outputs["evaluation"], **of("promote")
            )
            place_light(task, profile, name)
            allow_retry(task, profile)
            allow_registry(task, profile)

        with dsl.If(judged.outputs["Output"] == True, name="gate-open"):  # noqa: E712  Kubeflow's comparison
            promote("Promote the champion")
        with dsl.Else(name="gate-closed"):
            promote("Record the refusal")

    return pipeline
