"""`cbvsynth pipeline ...`: compile, run here, submit to a cluster, repeat, watch."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tyro.conf import Positional

from cbvsynth.domain.options import Switch
from cbvsynth.errors import DataError
from cbvsynth.kubeflow.definition.package import DEFAULT_PACKAGE, compile_package, read_package, with_images
from cbvsynth.kubeflow.definition.profiles import CLUSTER_GPU, LOCAL, find_profile
from cbvsynth.kubeflow.runs.fitting import require_fitting
from cbvsynth.kubeflow.runs.parameters import (
    Parameter,
    Value,
    arguments_from_params,
    arguments_from_text,
    parameters_of,
)


def compile_(
    out: Path = Path("pipelines/cbv_synthesis.yaml"),
    profile: str = CLUSTER_GPU.name,
    light_image: str = "",
    train_image: str = "",
) -> None:
    """Compile the pipeline to one YAML file, to be uploaded in Kubeflow's UI or with 'pipeline submit'.

    Args:
        out: File to write.
        profile: Where it shall run: cluster-gpu, cluster-cpu or local.
        light_image: Image of all steps but train, with a version's tag or a digest; the profile's by default.
        train_image: Image of train, likewise.
    """
    chosen = with_images(find_profile(profile), light_image, train_image)
    compile_package(out, chosen)
    parameters = parameters_of(read_package(out))
    print(
        f"{out}: profile {chosen.name}, {len(parameters)} parameters, {out.stat().st_size} bytes\n"
        f"images {chosen.light_image} and {chosen.train_image}; "
        f"{chosen.parallel_trainings} trainings at a time"
    )


def run_local(
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path = Path("params.yaml"),
    package: Path | None = None,
    outputs: Path = Path("artifacts/kubeflow/runs"),
) -> None:
    """Run the compiled pipeline on this machine, a process for each task, one after the other.

    It goes through Kubeflow's own local runner; nothing but this environment is needed. Finished work in
    the workspace (artifacts/kubeflow) is used again.

    Args:
        set: Arguments as name=value, as in models=encdec-t1c,fcgan-t1c or keep_going=on.
        params: File of parameters; its values come before the pipeline's defaults and after --set.
        package: Compiled pipeline; compiled for this machine when none is given.
        outputs: Folder for the artefacts of every run.
    """
    from cbvsynth.kubeflow.runs.local_run import run_package

    with TemporaryDirectory() as folder:
        compiled = package
        if compiled is None:
            compiled = Path(folder) / "cbv_synthesis.yaml"
            compile_package(compiled, LOCAL)
        arguments = _arguments(compiled, params, set)
        _require_study(arguments, parameters_of(read_package(compiled)))
        finished = run_package(compiled, arguments, outputs)
    print(f"The run took {finished.seconds:.0f} s. What Kubeflow would show:")
    for page in finished.pages:
        print(f"  {page}")
    print("Go on with 'cbvsynth registry list'.")


def submit(  # noqa: PLR0913, PLR0917  each is a flag
    host: str = "",
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path | None = None,
    package: Path = DEFAULT_PACKAGE,
    name: str = "Synthetic CBV",
    experiment: str = "cbvsynth",
    namespace: str = "",
    wait: Switch = Switch.OFF,
) -> None:
    """Start a run on a Kubeflow host. Nothing is sent before names and types of all arguments are right.

    The package is uploaded as a version of the pipeline 'cbv-synthesis' unless the host has it. The token,
    where one is needed, is read from CBVSYNTH_KFP_TOKEN.

    Args:
        host: Address of Kubeflow Pipelines, as http://localhost:8080; KF_PIPELINES_ENDPOINT by default.
        set: Arguments as name=value, as in epochs=200 or models=encdec-*; the rest keeps its default.
        params: File of parameters, as params.yaml, whose values come before the defaults.
        package: Compiled pipeline.
        name: Title of the run.
        experiment: Group of runs in the UI.
        namespace: Profile namespace of a multi-user Kubeflow.
        wait: on: stay until the run has ended, and fail when it failed.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.progress import wait_for_run
    from cbvsynth.kubeflow.runs.submission import ensure_version, start_run

    arguments = _arguments(package, params, set)
    connected = connect(host, namespace)
    version = ensure_version(connected, package)
    run_id = start_run(connected, version, experiment, name, arguments)
    print(f"version {version.name}{' uploaded' if version.uploaded else ' was there already'}")
    print(f"run {run_id}: {connected.run_link(run_id)}")
    if wait is Switch.ON:
        print(wait_for_run(connected, run_id).line)


def schedule(  # noqa: PLR0913, PLR0917  each is a flag
    cron: str,
    host: str = "",
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path | None = None,
    package: Path = DEFAULT_PACKAGE,
    name: str = "Synthetic CBV, recurring",
    experiment: str = "cbvsynth",
    namespace: str = "",
) -> None:
    """Have a Kubeflow host start a run at set times, one at a time. A run on an unchanged study is short.

    Args:
        cron: Second, minute, hour, day, month, weekday: '0 0 3 * * 1' is Mondays at three.
        host: Address of Kubeflow Pipelines, as http://localhost:8080; KF_PIPELINES_ENDPOINT by default.
        set: Arguments as name=value; the rest keeps its default.
        params: File of parameters, as params.yaml, whose values come before the defaults.
        package: Compiled pipeline.
        name: Title of the recurring run.
        experiment: Group of runs in the UI.
        namespace: Profile namespace of a multi-user Kubeflow.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.submission import ensure_version, require_cron, start_schedule

    require_cron(cron)
    arguments = _arguments(package, params, set)
    connected = connect(host, namespace)
    version = ensure_version(connected, package)
    schedule_id = start_schedule(connected, version, experiment, name, arguments, cron)
    print(f"version {version.name}{' uploaded' if version.uploaded else ' was there already'}")
    print(f"recurring run {schedule_id} at '{cron}': {connected.schedule_link(schedule_id)}")


def status(run: Positional[str], host: str = "", namespace: str = "", wait: Switch = Switch.OFF) -> None:
    """Show how far a run on a Kubeflow host has come, task by task.

    Args:
        run: Id of the run, as 'pipeline submit' printed it.
        host: Address of Kubeflow Pipelines; KF_PIPELINES_ENDPOINT by default.
        namespace: Profile namespace of a multi-user Kubeflow.
        wait: on: stay until the run has ended.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.progress import read_progress, require_success, wait_for_run

    connected = connect(host, namespace)
    progress = wait_for_run(connected, run) if wait is Switch.ON else read_progress(connected, run)
    print(f"{progress.line}\n{connected.run_link(run)}")
    for task in progress.tasks:
        print(f"  {task.state.lower():<10} {task.name}{f': {task.message}' if task.message else ''}")
    require_success(connected, progress)


def _arguments(package: Path, params: Path | None, pairs: tuple[str, ...]) -> dict[str, Value]:
    known = parameters_of(read_package(package))
    from_file = arguments_from_params(params, known) if params else {}
    arguments = {**from_file, **arguments_from_text(pairs, known)}
    require_fitting(arguments, known)
    return arguments


def _require_study(arguments: dict[str, Value], known: dict[str, Parameter]) -> None:
    data = Path(str(arguments.get("data", known["data"].default)))
    if not data.is_dir() or not any(data.iterdir()):
        raise DataError(
            f"{data} is empty or missing; expected a study. Put one there, or make a phantom with "
            f"'cbvsynth phantom --data {data}'."
        )
