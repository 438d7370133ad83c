"""`make serve`: what a run has promoted, behind a prediction server, and one examination to prove it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import numpy.typing as npt
import tyro

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.ssim import SsimWindow, mean_ssim
from cbvsynth.entrypoint import run_program
from cbvsynth.errors import ManifestError, ResultError, ServingError, UnreachableError, UsageError
from cbvsynth.io.examinations import CachedExamination, ExaminationIndex, read_index
from cbvsynth.io.results import read_scores
from cbvsynth.io.summaries import read_summary
from serving import sync
from serving.models_config import MODELS_CONFIG_FILE
from serving.plan import Mode
from serving.publish import ServerConfirm, require_right
from serving.repository import Repository
from serving.selection_file import SELECTION_FILE, STABLE, Selection, ServedVersion, read_selection

if TYPE_CHECKING:
    from serving.prediction import Prediction

_HOST = "localhost"
_POLL_S = 5
_LOOK_EVERY_S = 0.3
_LOG_LINES = 15


@dataclass(frozen=True)
class DemoOptions:
    """Serve what a finished run has promoted, and ask it for the map of one held-out examination."""

    artifacts: Path = Path("artifacts")
    """Folder of the run's results; models/ and serve/ in it are written."""
    data: Path = Path("data")
    """Data root of the run, to name an examination's files in the example of a command."""
    registered_name: str = "cbvsynth"
    """Registered model."""
    port: int = 8500
    """gRPC port of the server."""
    rest_api_port: int = 8501
    """HTTP port of the server."""
    wait_s: float = 120.0
    """Seconds that the server may take to load all models."""
    once: tyro.conf.UseCounterAction[int] = 0
    """End after the prediction instead of serving until Ctrl-C."""


@dataclass(frozen=True)
class Comparison:
    """The served map of an examination beside what was stored when its model was scored.

    served_ssim, stored_ssim: in the convention `select_by`; stored is None where the results at hand are
        of another training than the served model.
    """

    exam_id: str
    diagnosis: str
    model: str
    version: int
    select_by: str
    served_ssim: float
    stored_ssim: float | None


def run(options: DemoOptions) -> Comparison:
    """Sync, serve, predict, compare; then serve until interrupted, unless --once.

    Raises:
        RegistryError: nothing is promoted yet.
        ResultError: the run's results are gone.
        UsageError: a port is taken.
        ServingError: the server does not start, or does not answer.
    """
    for port in (options.port, options.rest_api_port):
        _require_free(port)
    models = options.artifacts / "models"
    sync.run(
        sync.SyncOptions(
            once=1,
            base_path=models,
            registered_name=options.registered_name,
            mode=Mode.FALLBACK,
            interval_s=0.1,  # no server reads the folder yet
        )
    )
    selection = read_selection(models / SELECTION_FILE)
    address = f"{_HOST}:{options.port}"
    with ExitStack() as stack:
        stack.enter_context(_stopped_by_sigterm())
        server = stack.enter_context(_server(options, models))
        _wait_until_ready(server, options, models, selection)
        print(f"{address} is ready: every version answers its golden request rightly", flush=True)
        comparison = _predict(options, selection, address)
        print(_in_words(comparison))
        if not options.once:
            print(_how_to_ask(options, comparison), flush=True)
            stack.enter_context(_following(options, models, address))
            server.wait()
            raise _died(server, options)
    return comparison


def choose_examination(
    index: ExaminationIndex, scores: tuple[ExamScore, ...], served: ServedVersion
) -> CachedExamination:
    """The held-out examination to show: the one with the largest lesion, among those that were scored.

    Raises:
        ResultError: none of the held-out examinations has the model's sequences.
    """
    held_out = index.of_split("held-out", served.model.combination.sequences)
    lesions = {score.exam_id: score.lesion_volume_ml for score in scores}
    if not held_out:
        raise ResultError(
            f"No held-out examination in {index.root.name} has {served.model.combination.label}; expected "
            "those that the model was scored on. Run preprocess on the data of the run."
        )
    return max(held_out, key=lambda entry: (np.nan_to_num(lesions.get(entry.exam_id, -1.0)), entry.exam_id))


def ssim_in_convention(
    select_by: str,
    real: npt.NDArray[np.float32],
    synthetic: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    data_range: float,
) -> float:
    """SSIM of a map (X, Y, Z) in the convention that a result column is named after, as ssim_3d_whole."""
    return mean_ssim(
        real,
        synthetic,
        data_range=data_range,
        window=SsimWindow.CUBE if "_3d_" in select_by else SsimWindow.SLICE,
        mask=mask if select_by.endswith("_brain") else None,
    )


def _predict(options: DemoOptions, selection: Selection, address: str) -> Comparison:
    from serving.client import CbvClient

    champion = selection.version(selection.labels[STABLE])
    assert champion is not None, "a selection lists what its labels point at"
    index = read_index(options.artifacts / "preprocess")
    scores = _stored_scores(options.artifacts / "train" / champion.model.slug, champion)
    entry = choose_examination(index, scores, champion)

    def array(name: str) -> npt.NDArray[np.generic]:
        return np.asarray(index.array(entry.exam_id, name))

    mask = array("mask").astype(np.bool_)
    with CbvClient(address, model=options.registered_name) as client:
        made = client.predict(
            {sequence.value: array(sequence.value) for sequence in entry.sequences},
            mask=mask,
            spacing_mm=entry.spacing_mm,
        )
    real = array("cbv").astype(np.float32)
    served = made.record.served
    stored = {score.exam_id: score for score in scores} if served.version == champion.version else {}
    found = stored.get(entry.exam_id)
    _draw(options.artifacts / "serve" / "prediction.png", index, entry, made)
    return Comparison(
        exam_id=entry.exam_id,
        diagnosis=entry.diagnosis,
        model=served.model.slug,
        version=served.version,
        select_by=selection.select_by,
        served_ssim=ssim_in_convention(selection.select_by, real, made.canonical, mask, made.cbv_max),
        stored_ssim=None if found is None else float(getattr(found, selection.select_by)),
    )


def _stored_scores(folder: Path, champion: ServedVersion) -> tuple[ExamScore, ...]:
    """Scores of the very model that is served; none where it was trained again since."""
    try:
        same = read_summary(folder / "summary.json").saved_model_digest == champion.digest
        return read_scores(folder / "per_exam.csv") if same else ()
    except ResultError:
        return ()


def _draw(path: Path, index: ExaminationIndex, entry: CachedExamination, made: Prediction) -> None:
    from cbvsynth.report.examples import montage_rows
    from cbvsynth.report.montage import draw_montage

    path.parent.mkdir(parents=True, exist_ok=True)
    served = made.record.served
    anatomy, rows = montage_rows(index, {entry.exam_id: made.canonical}, served.model)
    draw_montage(
        path, rows, anatomy_label=anatomy.label, data_range=made.cbv_max, target_unit=served.target_unit
    )
    print(f"picture: {path}")


def _in_words(found: Comparison) -> str:
    stored = "not known: the results here are of another training"
    if found.stored_ssim is not None:
        stored = f"{found.stored_ssim:.6f}, difference {abs(found.served_ssim - found.stored_ssim):.1e}"
    return (
        f"examination {found.exam_id}{f', {found.diagnosis}' if found.diagnosis else ''}\n"
        f"  made by   {found.model}, version {found.version}\n"
        f"  {found.select_by} of the served map against the real one: {found.served_ssim:.6f}\n"
        f"  {found.select_by} that was stored when the model was scored: {stored}"
    )


def _how_to_ask(options: DemoOptions, found: Comparison) -> str:
    name = options.registered_name
    return (
        "\nAsk it from another terminal:\n"
        f"  {_command(options, found.exam_id)}\n"
        f"  curl http://{_HOST}:{options.rest_api_port}/v1/models/{name}\n"
        "Go back to the former champion while it runs; labels follow within seconds:\n"
        f"  cbvsynth registry rollback --name {name}\n"
        "It serves until Ctrl-C."
    )


def _command(options: DemoOptions, exam_id: str) -> str:
    """A command that makes the same map from the study's own files."""
    from cbvsynth.io.manifest import load_manifest

    server = "" if options.port == 8500 else f" --server {_HOST}:{options.port}"
    try:
        listed = load_manifest(options.data).examinations
        found = next(one for one in listed if one.exam_id == exam_id)
    except (ManifestError, StopIteration):
        return f"cbvsynth predict --t1 T1.nii.gz --t1c T1C.nii.gz --out cbv.nii.gz{server}"
    roles = [role for role in found.files if role not in ("cbv", "seg")]
    images = " ".join(f"--{role} {options.data / found.files[role]}" for role in roles)
    return f"cbvsynth predict {images} --out cbv.nii.gz{server}"


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"Port {port} is taken ({error.strerror}); expected a free one. Give another --port or "
                "--rest_api_port, or end the server that has it."
            ) from error


@contextmanager
def _server(options: DemoOptions, models: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The embedded server, in a process of its own; its words go to server.log."""
    log = _log(options)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "serving.server"),
        f"--port={options.port}",
        f"--rest_api_port={options.rest_api_port}",
        f"--model_config_file={models / MODELS_CONFIG_FILE}",
        f"--model_config_file_poll_wait_seconds={_POLL_S}",
        "--allow_version_labels_for_unavailable_models=true",
    ]
    with log.open("wb") as output, _child(command, output.fileno()) as process:
        yield process


@contextmanager
def _following(options: DemoOptions, models: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Sync goes on, so that a rollback or a promotion is served without a restart."""
    command = [
        *(sys.executable, "-m", "serving.sync", "--watch"),
        *("--base_path", str(models), "--registered_name", options.registered_name),
        *("--interval_s", str(_POLL_S), "--server", address),
    ]
    with _child(command, None) as process:
        yield process


@contextmanager
def _child(command: list[str], output: int | None) -> Iterator[subprocess.Popen[bytes]]:
    # A session of its own: Ctrl-C is for this program, which then stops its children in order.
    process = subprocess.Popen(  # noqa: S603  our own modules
        command, stdout=output, stderr=output, start_new_session=True, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(
    server: subprocess.Popen[bytes], options: DemoOptions, models: Path, selection: Selection
) -> None:
    """Until all versions are loaded and answer their golden requests; at once when the server ends."""
    repository = Repository(models, options.registered_name, str(models.resolve()))
    versions = [one.version for one in selection.versions]
    deadline = time.monotonic() + options.wait_s
    while True:
        if server.poll() is not None:
            raise _died(server, options)
        try:
            confirm = ServerConfirm(f"{_HOST}:{options.port}", _LOOK_EVERY_S)
            require_right(repository, confirm(repository, versions))
        except UnreachableError:
            if time.monotonic() >= deadline:
                raise
        else:
            return


def _died(server: subprocess.Popen[bytes], options: DemoOptions) -> ServingError:
    lines = _log(options).read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    shown = "\n".join(lines)
    return ServingError(
        f"The server ended with code {server.returncode}; expected it to serve. Its last words, from "
        f"{_log(options)}:\n{shown}"
    )


def _log(options: DemoOptions) -> Path:
    return options.artifacts / "serve" / "server.log"


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM stop the children as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        print("\nthe server is stopped")
        raise
    finally:
        signal.signal(signal.SIGTERM, former)


if __name__ == "__main__":
    sys.exit(run_program(DemoOptions, run, "python -m serving.demo"))
