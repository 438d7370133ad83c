"""Compiling the pipeline to the one YAML file that people upload, and its components; reading it back."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from cbvsynth.errors import PipelineError, UsageError
from cbvsynth.kubeflow.definition.form import with_form
from cbvsynth.kubeflow.definition.profiles import Profile
from cbvsynth.kubeflow.definition.rules import broken_rules, may_change
from cbvsynth.records.storage import atomic_file

PACKAGE = Path("pipelines/cbv-synthesis.yaml")
"""Where a working folder keeps its package; a checkout's is compiled for clusters with GPUs. Kubeflow's UI
calls a pipeline as its file is called, so it is the pipeline's name."""
_HEAD = "# Made by 'cbvsynth pipeline compile'; every parameter's sentence stands beside its description.\n"


def compile_package(path: Path, profile: Profile) -> None:
    """Compile the pipeline for a profile, check it against the rules, write it atomically.

    Raises:
        UsageError: the name is not one of a YAML file, which Kubeflow insists on.
        PipelineError: the package breaks a rule that keeps it running on a cluster.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"'{path}' is not the name of a YAML file; expected one that ends in .yaml.")
    from cbvsynth.kubeflow.definition.pipeline import cbv_synthesis

    with atomic_file(path) as temporary:
        _compile(cbv_synthesis(profile), temporary)
        spec, *platform = yaml.safe_load_all(temporary.read_text(encoding="utf-8"))
        text = yaml.safe_dump_all([with_form(spec), *platform], width=10_000)
        temporary.write_text(_HEAD + text, encoding="utf-8")
        broken = broken_rules(temporary.read_text(encoding="utf-8"))
        if broken:
            raise PipelineError(
                "The compiled pipeline would not run as it should:\n"
                + "\n".join(f"- {line}" for line in broken)
                + "\nCorrect src/cbvsynth/kubeflow/definition/pipeline.py; nothing was written."
            )


def compile_components(folder: Path, profile: Profile) -> tuple[str, ...]:
    """Compile each component by itself to <folder>/<name>/component.yaml; return their names.

    They can be loaded into any pipeline with kfp.components.load_component_from_file.
    """
    from cbvsynth.kubeflow.definition.components import components_for

    components = vars(components_for(profile))
    for name, component in components.items():
        with atomic_file(folder / name / "component.yaml") as temporary:
            _compile(component, temporary)
    return tuple(components)


@contextmanager
def package_or_compiled(package: Path | None, profile: Profile) -> Iterator[Path]:
    """The package, or where there is none, one compiled for the profile and kept while the block runs."""
    if package is not None:
        yield package
        return
    with TemporaryDirectory() as folder:
        compiled = Path(folder) / PACKAGE.name
        compile_package(compiled, profile)
        yield compiled


def _compile(component: object, path: Path) -> None:
    from kfp import compiler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("kfp").setLevel(logging.ERROR)
        compiler.Compiler().compile(component, str(path))


def with_images(profile: Profile, light: str, train: str) -> Profile:
    """The profile with other images; an empty name keeps the profile's.

    Raises:
        UsageError: an image whose name does not say which version it is.
    """
    for flag, image in (("--light_image", light), ("--train_image", train)):
        if image and (why := may_change(image)):
            raise UsageError(f"{flag} is '{image}', which {why}.")
    return replace(
        profile, light_image=light or profile.light_image, train_image=train or profile.train_image
    )


def read_package(path: Path) -> Mapping[str, Any]:
    """The pipeline's specification: the first document of a compiled package.

    Raises:
        UsageError: there is no such file, or it is not a compiled pipeline.
    """
    try:
        spec = next(iter(yaml.safe_load_all(path.read_text(encoding="utf-8"))))
        spec["root"]["dag"]
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; make it with 'cbvsynth pipeline compile'.") from error
    except (yaml.YAMLError, UnicodeDecodeError, StopIteration, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not a compiled pipeline; make one with 'cbvsynth pipeline compile'."
        ) from error
    package: Mapping[str, Any] = spec
    return package
