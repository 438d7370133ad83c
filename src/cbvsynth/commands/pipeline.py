"""`cbvsynth pipeline ...`: compile, run on this machine, submit to a cluster, schedule, follow."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tyro.conf import Positional

from cbvsynth.domain.options import Switch
from cbvsynth.errors import DataError
from cbvsynth.kubeflow.definition.package import (
    PACKAGE,
    compile_components,
    compile_package,
    package_or_compiled,
    read_package,
    with_images,
)
from cbvsynth.kubeflow.definition.profiles import CLUSTER_GPU, LOCAL, find_profile
from cbvsynth.kubeflow.runs.fitting import complete, mounts_of, require_fitting
from cbvsynth.kubeflow.runs.parameters import (
    Value,
    arguments_from_params,
    arguments_from_text,
    as_sent,
    parameters_of,
)


def compile_(
    out: Path = PACKAGE,
    profile: str = CLUSTER_GPU.name,
    light_image: str = "",
    train_image: str = "",
    components: Path | None = None,
) -> None:
    """Compile the pipeline to one YAML file, to be uploaded in Kubeflow's UI or with 'pipeline submit'.

    Args:
        out: File to write.
        profile: Where it will run: cluster-gpu, cluster-cpu, kind or local; or a YAML file of your own, which
            names one of them as based_on and what is different: claims, nodes, memory, times, parallelism.
        light_image: Image of all steps but train, with a version's tag or a digest; the profile's by default.
        train_image: Image of train, likewise.
        components: Folder for the single components as well, <folder>/<step>/component.yaml, for pipelines
            of your own; not written by default.
    """
    chosen = with_images(find_profile(profile), light_image, train_image)
    compile_package(out, chosen)
    parameters = parameters_of(read_package(out))
    print(
        f"{out}: profile {chosen.name}, {len(parameters)} parameters, {out.stat().st_size} bytes\n"
        f"images {chosen.light_image} and {chosen.train_image}; "
        f"{chosen.parallel_trainings} trainings at a time"
    )
    if components is not None:
        print(f"components in {components}: {', '.join(compile_components(components, chosen))}")


def run_local(
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path = Path("params.yaml"),
    package: Path | None = None,
    outputs: Path = Path("artifacts/kubeflow/runs"),
) -> None:
    """Run the compiled pipeline on this machine, a process for each task, one after the other.

    Kubeflow's own local runner does it; nothing but this environment is needed. Finished work in the
    workspace (artifacts/kubeflow) is reused.

    Args:
        set: Arguments as name=value, as in models=encdec-t1c,fcgan-t1c or keep_going=on.
        params: File of parameters; its values override the pipeline's defaults, and --set overrides both.
        package: Compiled pipeline; by default one compiled for this machine.
        outputs: Folder for the artefacts of every run.
    """
    from cbvsynth.kubeflow.runs.local_run import run_package

    with package_or_compiled(package, LOCAL) as compiled:
        arguments = _arguments(compiled, params, set, {})
        _require_study(arguments)
        finished = run_package(compiled, _sent(compiled, arguments), outputs)
    print(f"The run took {finished.seconds:.0f} s. What Kubeflow would show:")
    for page in finished.pages:
        print(f"  {page}")
    print("Go on with 'cbvsynth registry list'.")


def submit(  # noqa: PLR0913, PLR0917  each is a flag
    host: str = "",
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path | None = None,
    package: Path | None = None,
    name: str = "Synthetic CBV",
    experiment: str = "cbvsynth",
    namespace: str = "",
    service_account: str = "",
    wait: Switch = Switch.OFF,
) -> None:
    """Start a run on a Kubeflow host. Nothing is sent until every argument has been checked.

    The package is uploaded as a version of the pipeline 'cbv-synthesis' unless the host has it. The token,
    where one is needed, is read from CBVSYNTH_KFP_TOKEN.

    Args:
        host: Address of Kubeflow Pipelines, as in http://localhost:8080; KF_PIPELINES_ENDPOINT by default.
        set: Arguments as name=value, as in epochs=200 or models=encdec-*; all others are sent with their
            defaults.
        params: File of parameters, such as params.yaml, whose values override the defaults.
        package: Compiled pipeline; by default pipelines/cbv-synthesis.yaml, and where there is none, one
            compiled for clusters with GPUs.
        name: Title of the run.
        experiment: Group of runs in the UI.
        namespace: Profile namespace of a multi-user Kubeflow.
        service_account: Account of the run's pods; the host's choice by default.
        wait: on: wait until the run has ended, and fail if it failed.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.progress import wait_for_run
    from cbvsynth.kubeflow.runs.submission import ensure_version, start_run

    with _package_to_send(package) as compiled:
        arguments = _sent(compiled, _arguments(compiled, params, set, mounts_of(read_package(compiled))))
        connected = connect(host, namespace)
        version = ensure_version(connected, compiled)
    run_id = start_run(connected, version, experiment, name, arguments, service_account)
    print(f"version {version.name}{' uploaded' if version.uploaded else ' was there already'}")
    print(f"run {run_id}: {connected.run_link(run_id)}")
    if wait is Switch.ON:
        print(wait_for_run(connected, run_id).line)


def schedule(  # noqa: PLR0913, PLR0917  each is a flag
    cron: str,
    host: str = "",
    set: tuple[str, ...] = (),  # noqa: A002  the flag's name
    params: Path | None = None,
    package: Path | None = None,
    name: str = "Synthetic CBV, recurring",
    experiment: str = "cbvsynth",
    namespace: str = "",
    service_account: str = "",
) -> None:
    """Have a Kubeflow host start runs at set times, one at a time. On an unchanged study a run is short.

    Args:
        cron: Second, minute, hour, day, month, weekday: '0 0 3 * * 1' is Mondays at three.
        host: Address of Kubeflow Pipelines, as in http://localhost:8080; KF_PIPELINES_ENDPOINT by default.
        set: Arguments as name=value; all others are sent with their defaults.
        params: File of parameters, such as params.yaml, whose values override the defaults.
        package: Compiled pipeline; by default pipelines/cbv-synthesis.yaml, and where there is none, one
            compiled for clusters with GPUs.
        name: Title of the recurring run.
        experiment: Group of runs in the UI.
        namespace: Profile namespace of a multi-user Kubeflow.
        service_account: Account of the runs' pods; the host's choice by default.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.submission import ensure_version, require_cron, start_schedule

    require_cron(cron)
    with _package_to_send(package) as compiled:
        arguments = _sent(compiled, _arguments(compiled, params, set, mounts_of(read_package(compiled))))
        connected = connect(host, namespace)
        version = ensure_version(connected, compiled)
    schedule_id = start_schedule(connected, version, experiment, name, arguments, cron, service_account)
    print(f"version {version.name}{' uploaded' if version.uploaded else ' was there already'}")
    print(f"recurring run {schedule_id} at '{cron}': {connected.schedule_link(schedule_id)}")


def status(run: Positional[str], host: str = "", namespace: str = "", wait: Switch = Switch.OFF) -> None:
    """Show how far a run on a Kubeflow host has got, task by task; of what failed or waits, why.

    Args:
        run: Id of the run, as 'pipeline submit' printed it.
        host: Address of Kubeflow Pipelines; KF_PIPELINES_ENDPOINT by default.
        namespace: Profile namespace of a multi-user Kubeflow.
        wait: on: wait until the run has ended.
    """
    from cbvsynth.kubeflow.runs.host import connect
    from cbvsynth.kubeflow.runs.progress import lines_of, read_progress, require_success, wait_for_run

    connected = connect(host, namespace)
    progress = wait_for_run(connected, run) if wait is Switch.ON else read_progress(connected, run)
    print(f"{progress.line}\n{connected.run_link(run)}")
    for line in lines_of(connected, progress):
        print(line)
    require_success(connected, progress)


def _package_to_send(package: Path | None) -> AbstractContextManager[Path]:
    return package_or_compiled(package or (PACKAGE if PACKAGE.is_file() else None), CLUSTER_GPU)


def _arguments(
    package: Path, params: Path | None, pairs: tuple[str, ...], mounts: Mapping[str, str]
) -> dict[str, Value]:
    """Every parameter of the package: given, of the file, or its default."""
    spec = read_package(package)
    known = parameters_of(spec)
    from_file = arguments_from_params(params, known) if params else {}
    arguments = complete({**from_file, **arguments_from_text(pairs, known)}, known)
    require_fitting(arguments, mounts)
    return arguments


def _sent(package: Path, arguments: dict[str, Value]) -> dict[str, Value]:
    return as_sent(arguments, parameters_of(read_package(package)))


def _require_study(arguments: dict[str, Value]) -> None:
    data = Path(str(arguments["data"]))
    if not data.is_dir() or not any(data.iterdir()):
        raise DataError(
            f"{data} is empty or missing; expected a study. Put one there, or make a phantom with "
            f"'cbvsynth phantom --data {data}'."
        )
