"""What a cluster takes of a profile: said when it is compiled, not by a pod that never comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import PurePosixPath

from cbvsynth.kubeflow.definition.profiles import Profile, Resources
from cbvsynth.kubeflow.definition.rules import may_change
from cbvsynth.kubernetes_words import is_label_key, is_label_value, is_name, parse_quantity

# As kfp takes them too, which knows fewer than Kubernetes does.
_CPU = re.compile(r"\d+(?:\.\d+)?|\d+m")
_MEMORY = re.compile(r"\d+(?:[KMGT]i|[MGT])")
_OPERATORS = ("Exists", "Equal")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NAMES = "small letters, digits, - and . as in"
_TAKEN = ("/tmp", "/dev", "/proc", "/sys")  # noqa: S108  every task's own scratch is mounted at /tmp


def unplaceable(profile: Profile) -> Iterator[str]:
    """What every cluster would refuse, or take for something else, a sentence each with the field's name."""
    yield from _counts(profile)
    yield from _resources("light", profile.light)
    yield from _resources("train", profile.train)
    if profile.shared_memory:
        yield from _quantity("shared_memory", profile.shared_memory, _MEMORY)
    yield from _accelerators(profile)
    yield from _nodes(profile)
    yield from _volumes(profile)
    yield from _names(profile)
    for field, image in (("light_image", profile.light_image), ("train_image", profile.train_image)):
        if why := may_change(image):
            yield f"{field} is '{image}', which {why}."


def _counts(profile: Profile) -> Iterator[str]:
    counts = {
        "parallel_trainings": profile.parallel_trainings,  # Kubeflow takes 0 for no limit
        "light.timeout_s": profile.light.timeout_s,
        "train.timeout_s": profile.train.timeout_s,
        "keep_finished_s": profile.keep_finished_s,
    }
    for field, count in counts.items():
        if count < 1:
            yield f"{field} is {count}; expected 1 or more."


def _resources(part: str, given: Resources) -> Iterator[str]:
    for kind, form in (("cpu", _CPU), ("memory", _MEMORY)):
        asked, most = getattr(given, kind), getattr(given, f"{kind}_limit")
        field, limit = f"{part}.{kind}", f"{part}.{kind}_limit"
        wrong = list(chain(_quantity(field, asked, form), _quantity(limit, most, form) if most else ()))
        yield from wrong
        if most and not wrong and parse_quantity(asked) > parse_quantity(most):
            yield f"{field} is {asked}, above {limit}, {most}; expected a limit of as much: give both."


def _quantity(field: str, given: str, form: re.Pattern[str]) -> Iterator[str]:
    if form.fullmatch(given) is None or parse_quantity(given) == 0:
        expected = "processors, as in 2, 0.5 or 500m" if form is _CPU else "a size, as in 8Gi or 512Mi"
        yield f"{field} is '{given}'; expected {expected}."


def _accelerators(profile: Profile) -> Iterator[str]:
    name, count = profile.accelerator, profile.accelerators
    if name and ("/" not in name or not is_label_key(name)):
        yield f"accelerator is '{name}'; expected a resource of the nodes, as in nvidia.com/gpu."
    if bool(name) != (count > 0):
        yield (
            f"accelerator is '{name}' and accelerators is {count}; expected both, as in nvidia.com/gpu and "
            "1, or neither."
        )


def _nodes(profile: Profile) -> Iterator[str]:
    for key, value in profile.node_selector:
        if not is_label_key(key) or (value and not is_label_value(value)):
            yield f"node_selector has '{key}: {value}'; expected a label, as in pool: imaging."
    for taint in profile.tolerations:
        if not is_label_key(taint.key):
            yield f"tolerations has the key '{taint.key}'; expected a taint's, as in nvidia.com/gpu."
        if taint.operator not in _OPERATORS:
            yield f"tolerations has the operator '{taint.operator}'; expected {' or '.join(_OPERATORS)}."
        if taint.effect not in _EFFECTS:
            yield f"tolerations has the effect '{taint.effect}'; expected one of {', '.join(_EFFECTS)}."


def _volumes(profile: Profile) -> Iterator[str]:
    volumes = {"data": profile.data, "workspace": profile.workspace}
    given = {field: volume for field, volume in volumes.items() if volume is not None}
    for field, volume in given.items():
        if not is_name(volume.claim):
            yield f"{field}.claim is '{volume.claim}'; expected {_NAMES} lab-studies."
        if not _is_mount(volume.mount):
            yield f"{field}.mount is '{volume.mount}'; expected a folder as /{field}, and not /tmp."
    if len(given) > len({volume.mount for volume in given.values()}):
        yield f"data.mount and workspace.mount are both '{given['data'].mount}'; expected two folders."


def _is_mount(text: str) -> bool:
    path = PurePosixPath(text)
    if str(path) != text or ".." in path.parts or ":" in text or path.parts[:1] != ("/",):
        return False
    return len(path.parts) > 1 and not any(path.is_relative_to(taken) for taken in _TAKEN)


def _names(profile: Profile) -> Iterator[str]:
    for field in ("tracking_config_map", "pseudonym_secret"):
        if (name := getattr(profile, field)) and not is_name(name):
            yield f"{field} is '{name}'; expected {_NAMES} lab-registry."
    if profile.queue and not (is_name(profile.queue) and is_label_value(profile.queue)):
        yield f"queue is '{profile.queue}'; expected {_NAMES} lab-trainings."
