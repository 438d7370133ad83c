"""Running a compiled package on this machine, each task a process, through Kubeflow's own local runner."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cbvsynth.errors import PipelineError, StorageError
from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT
from cbvsynth.kubeflow.definition.package import read_package
from cbvsynth.kubeflow.runs.local_log import LocalLog
from cbvsynth.kubeflow.runs.parameters import Value

_SUFFIXES = {"system.HTML": ".html", "system.Markdown": ".md"}
"""Types of the artefacts that Kubeflow shows on the page of a run, and the suffix that opens each here."""
_OF_VOLUMES = (DATA_MOUNT, WORKSPACE_MOUNT)


@dataclass(frozen=True)
class LocalRun:
    """A run that succeeded."""

    folder: Path
    """Every artefact of every task, and run.log with the whole output."""
    pages: tuple[Path, ...]
    """The artefacts for people, copied to names that a browser or an editor opens."""
    seconds: float


def run_package(package: Path, arguments: Mapping[str, Value], outputs: Path) -> LocalRun:
    """Run a compiled package with the given arguments, and its defaults for all others.

    Raises:
        PipelineError: a task failed; its output was shown.
        StorageError: the outputs cannot be written to.
        UsageError: the file is not a compiled package.
    """
    spec = read_package(package)
    try:
        outputs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{outputs} cannot be made ({error.strerror}); choose another --outputs."
        ) from error
    before = set(outputs.iterdir())
    started = time.perf_counter()
    failure: RuntimeError | None = None
    with _captured_output(outputs) as log:
        from kfp import components, local

        local.init(
            runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(outputs), raise_on_error=True
        )
        try:
            components.load_component_from_text(_for_this_machine(package))(**arguments)
        except RuntimeError as error:
            failure = error
    folder = next((path for path in outputs.iterdir() if path not in before and path.is_dir()), outputs)
    shutil.move(log, folder / "run.log")
    pages = tuple(_pages(spec, folder))
    if failure is not None:
        raise PipelineError(
            f"The run ended early: {_last_error(folder / 'run.log')} Correct it and start again: finished "
            f"work is kept. The whole output is in {folder / 'run.log'}."
        ) from failure
    return LocalRun(folder, pages, time.perf_counter() - started)


def _for_this_machine(package: Path) -> str:
    """The package without volumes, and with loops that run one iteration after the other.

    With iterations in parallel the local runner mixes up what tasks say, and `print` stays patched in this
    process when they have ended.
    """
    documents = list(yaml.safe_load_all(package.read_text(encoding="utf-8")))
    spec = documents[0]
    for executor in spec["deploymentSpec"]["executors"].values():
        kept = [one for one in executor["container"].get("env", []) if one["name"] not in _OF_VOLUMES]
        executor["container"]["env"] = kept
    for graph in (spec["root"], *spec["components"].values()):
        for task in graph.get("dag", {}).get("tasks", {}).values():
            if "parameterIterator" in task:
                task["iteratorPolicy"] = {"parallelismLimit": 1}
    return yaml.safe_dump_all(documents, sort_keys=False)


@contextmanager
def _captured_output(outputs: Path) -> Iterator[Path]:
    """Show what tasks say; the runner's own messages go to a file only."""
    path = outputs / ".run.log"
    with path.open("w", encoding="utf-8") as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with redirect_stdout(LocalLog(target)):
            yield path


def _pages(spec: Mapping[str, Any], folder: Path) -> Iterator[Path]:
    """Copies of HTML and Markdown artefacts, named <task>-<artefact> with a suffix, in <folder>/pages."""
    kinds = {
        name: entry["artifactType"]["schemaTitle"]
        for component in spec["components"].values()
        for name, entry in component.get("outputDefinitions", {}).get("artifacts", {}).items()
    }
    for path in sorted(folder.glob("*/*")):
        suffix = _SUFFIXES.get(kinds.get(path.name, ""))
        if suffix and path.is_file():
            page = folder / "pages" / f"{path.parent.name}-{path.name}{suffix}"
            page.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, page)
            yield page


def _last_error(log: Path) -> str:
    """The last error message of a task."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8").splitlines()]
    errors = [line for line in lines if line.startswith("error: ")]
    return errors[-1].removeprefix("error: ") if errors else "a task failed."
