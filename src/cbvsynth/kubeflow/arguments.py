"""What every step has to say of a run's arguments, all at once: to the client, and to the plan's pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cbvsynth.config import STEPS, PhantomConfig
from cbvsynth.domain.options import Switch
from cbvsynth.domain.sequences import select_models
from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.settings import pipeline_name
from cbvsynth.kubeflow.tasks.settings import config_from, word_from

if TYPE_CHECKING:
    from cbvsynth.planning.settings import RunSettings

DATA_MOUNT, WORKSPACE_MOUNT = "CBVSYNTH_DATA_MOUNT", "CBVSYNTH_WORKSPACE_MOUNT"
"""Variables of the plan's pod: where the volumes of study and workspace are mounted for other tasks."""
LIMITS = "limits.yaml"
"""The limits that an image brings."""

_OF_THE_RUN = ("data", "limits", "workspace")
_REMEDIES = (" Change the flag or params.yaml.", " Change the flag.", " Change the parameter.")
"""Ends of sentences that are written for whoever types flags."""
_ANY_MODEL = "encdec-t1"


def mistakes(values: Mapping[str, Any], mounts: Mapping[str, str]) -> list[str]:
    """Every argument of a run that a step would refuse, a sentence each; empty when all is well.

    Args:
        values: Every parameter of the pipeline, by its name there.
        mounts: Where volumes are mounted, by the variables above; none where tasks see this machine's disk.
    """
    empty = {name for name, value in values.items() if value is None or value == ""}
    found = [f"{name} is empty; give a value, or the default" for name in sorted(empty)]
    given = {name: value for name, value in values.items() if name not in empty}
    found += _of_the_run(given)
    found += _misplaced(given, mounts)
    for step in STEPS:
        found += _of_a_step(step, given)
    return list(dict.fromkeys(found))


def run_settings(values: Mapping[str, Any]) -> RunSettings:
    """The settings of a run's steps and its models, from every parameter of the pipeline.

    Raises:
        UsageError: as `mistakes` would say.
    """
    from cbvsynth.planning.settings import RunSettings

    models = select_models(values["models"])
    step = {name: _config(name, _given_to(name, values)) for name in STEPS}
    return RunSettings(
        PhantomConfig(), step["validate"], step["preprocess"], step["train"], step["evaluate"], models
    )


def missing_limits(limits: str, data_mount: str) -> list[str]:
    """Says that a file of limits is not there; one in the study only validate can see."""
    if limits == LIMITS or (data_mount and PurePosixPath(limits).is_relative_to(data_mount)):
        return []
    if Path(limits).is_file():
        return []
    return [
        f"limits is '{limits}', which is no file here; expected {LIMITS} of the image, or one on a volume"
    ]


def _of_the_run(given: Mapping[str, Any]) -> Iterator[str]:
    models = given.get("models", ["all"])
    yield from _refusal(lambda: select_models(models if isinstance(models, list) else [str(models)]))
    if "keep_going" in given:
        yield from _refusal(lambda: word_from(Switch, "keep_going", given["keep_going"]))


def _misplaced(given: Mapping[str, Any], mounts: Mapping[str, str]) -> Iterator[str]:
    for name, variable, why in (
        ("data", DATA_MOUNT, "where the study's volume is mounted"),
        ("workspace", WORKSPACE_MOUNT, "the volume that all tasks share"),
    ):
        mount = mounts.get(variable, "")
        place = PurePosixPath(str(given.get(name, mount)))
        if mount and (not place.is_relative_to(mount) or ".." in place.parts):
            yield f"{name} is '{place}'; expected {mount} or a folder below it, {why}"


def _of_a_step(step: str, given: Mapping[str, Any]) -> list[str]:
    """Each setting by itself beside the defaults of all others, so that one mistake does not hide another."""
    of_step = _given_to(step, given)
    found = [
        f"{pipeline_name(step, name)}{sentence.removeprefix(name)}"
        for name, value in of_step.items()
        for sentence in _refusal(lambda name=name, value=value: _config(step, {name: value}))
    ]
    return found or list(_refusal(lambda: _config(step, of_step)))


def _given_to(step: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A step's settings among the pipeline's parameters, by the names of its config's fields."""
    return {
        field.name: given[pipeline_name(step, field.name)]
        for field in fields(STEPS[step])
        if field.name not in ("model", "models", *_OF_THE_RUN) and pipeline_name(step, field.name) in given
    }


def _config(step: str, given: Mapping[str, Any]) -> Any:  # noqa: ANN401  one of the steps' configs
    required = {"model": _ANY_MODEL} if step == "train" else {}
    return config_from(STEPS[step], {**required, **given})


def _refusal(check: Any) -> Iterator[str]:  # noqa: ANN401  any call without arguments
    try:
        check()
    except UsageError as error:
        sentence = str(error)
        for remedy in _REMEDIES:
            sentence = sentence.removesuffix(remedy)
        yield sentence.removesuffix(".")
