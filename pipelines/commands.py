"""`cbvsynth pipeline ...`: compile, run here, submit to a cluster, repeat, watch."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.errors import DataError
from pipelines.package import compile_package, read_package, with_images
from pipelines.parameters import Parameter, Value, arguments_from_params, arguments_from_text, parameters_of
from pipelines.profiles import CLUSTER_GPU, LOCAL, find_profile


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
    from pipelines.local_run import run_package

    with TemporaryDirectory() as folder:
        compiled = package
        if compiled is None:
            compiled = Path(folder) / "cbv_synthesis.yaml"
            compile_package(compiled, LOCAL)
        known = parameters_of(read_package(compiled))
        arguments = {**arguments_from_params(params, known), **arguments_from_text(set, known)}
        _require_study(arguments, known)
        finished = run_package(compiled, arguments, outputs)
    print(f"The run took {finished.seconds:.0f} s. What Kubeflow would show:")
    for page in finished.pages:
        print(f"  {page}")
    print("Go on with 'cbvsynth registry list'.")


def _require_study(arguments: dict[str, Value], known: dict[str, Parameter]) -> None:
    data = Path(str(arguments.get("data", known["data"].default)))
    if not data.is_dir() or not any(data.iterdir()):
        raise DataError(
            f"{data} is empty or missing; expected a study. Put one there, or make a phantom with "
            f"'cbvsynth phantom --data {data}'."
        )
