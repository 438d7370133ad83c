"""`make serve`: what a run has promoted, behind a prediction server, and one examination to prove it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cbvsynth.client import CbvClient
from cbvsynth.client.synthesis import Prediction
from cbvsynth.errors import ManifestError, UsageError
from cbvsynth.proof.comparison import (
    Comparison,
    choose_examination,
    predict_cached,
    ssim_by_convention,
    stored_scores,
)
from cbvsynth.proof.options import DemoOptions
from cbvsynth.proof.processes import child_process, server_process
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, read_index
from cbvsynth.records.selection import PREVIOUS, SELECTION_FILE, STABLE, Selection, read_selection
from cbvsynth.sync.models_config import MODELS_CONFIG_FILE
from cbvsynth.sync.options import Mode, SyncOptions
from cbvsynth.sync.publish import ServerConfirm, require_right
from cbvsynth.sync.repository import Repository
from cbvsynth.sync.watch import run as sync

_HOST = "localhost"
_POLL_S = 5


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
    sync(
        SyncOptions(
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
        log = options.artifacts / "serve" / "server.log"
        print(
            f"starting the server: some seconds for TensorFlow, one per model; its words: {log}", flush=True
        )
        server = stack.enter_context(server_process(_server_flags(options, models), log))
        server.addresses(options.wait_s)
        _require_golden(options, models, selection, address)
        print(f"{address} is ready: every version answers its golden request rightly", flush=True)
        comparison = _predict(options, selection, address)
        print(comparison)
        if not options.once:
            print(_what_to_try(options, selection, comparison.exam_id), flush=True)
            stack.enter_context(
                child_process("cbvsynth.cli", ["serving", "sync", *_sync_flags(options, models, address)])
            )
            server.process.wait()
            server.require_alive()
    return comparison


def _predict(options: DemoOptions, selection: Selection, address: str) -> Comparison:
    """Ask for the map of one held-out examination, draw it, and compare its score."""
    champion = selection.version(selection.labels[STABLE])
    assert champion is not None, "a selection lists what its labels point at"
    index = read_index(options.artifacts / "preprocess")
    stored = stored_scores(options.artifacts / "train" / champion.model.slug, champion.digest)
    entry = choose_examination(index, tuple(stored.values()), champion)
    with CbvClient(address, model=options.registered_name) as client:
        made = predict_cached(client, index, entry)
    _draw(options.artifacts / "serve" / "prediction.png", index, entry, made)
    served, column = made.record.served, selection.select_by
    found = stored.get(entry.exam_id) if served.version == champion.version else None
    return Comparison(
        exam_id=entry.exam_id,
        diagnosis=entry.diagnosis,
        model=served.model.slug,
        version=served.version,
        select_by=column,
        served_ssim=ssim_by_convention(index, entry, made.canonical, made.cbv_max)[column],
        stored_ssim=None if found is None else float(getattr(found, column)),
    )


def _draw(path: Path, index: ExaminationIndex, entry: CachedExamination, made: Prediction) -> None:
    from cbvsynth.pages.pictures.examples import montage_rows
    from cbvsynth.pages.pictures.montage import draw_montage

    path.parent.mkdir(parents=True, exist_ok=True)
    served = made.record.served
    anatomy, rows = montage_rows(index, {entry.exam_id: made.canonical}, served.model)
    draw_montage(
        path, rows, anatomy_label=anatomy.label, data_range=made.cbv_max, target_unit=served.target_unit
    )
    print(f"picture: {path}")


def _what_to_try(options: DemoOptions, selection: Selection, exam_id: str) -> str:
    name = options.registered_name
    flag = "" if name == SyncOptions.registered_name else f" --name {name}"
    stable = selection.labels[STABLE]
    other = next((one.version for one in selection.versions if one.version != stable), 0)
    lines = [
        "\nAsk it from another terminal; without one of the images, the best model for the others is used:",
        f"  {_command(options, exam_id)}",
        f"  curl http://{_HOST}:{options.rest_api_port}/v1/models/{name}",
    ]
    if PREVIOUS in selection.labels:
        lines += ["Go back to the former champion; labels follow within seconds:"]
        lines += [f"  cbvsynth registry rollback{flag}"]
    if other:
        lines += ["Try another version under the label canary, for --label canary alone:"]
        lines += [f"  cbvsynth registry canary{flag} --version {other}"]
    return "\n".join([*lines, "It serves until Ctrl-C."])


def _command(options: DemoOptions, exam_id: str) -> str:
    """A command that makes the same map from the study's own files."""
    from cbvsynth.study.manifest import load_manifest

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


def _server_flags(options: DemoOptions, models: Path) -> list[str]:
    return [
        f"--port={options.port}",
        f"--rest_api_port={options.rest_api_port}",
        f"--model_config_file={models / MODELS_CONFIG_FILE}",
        f"--model_config_file_poll_wait_seconds={_POLL_S}",
        "--allow_version_labels_for_unavailable_models=true",
    ]


def _sync_flags(options: DemoOptions, models: Path, address: str) -> list[str]:
    """Sync goes on, so that a rollback or a promotion is served without a restart."""
    return [
        "--watch",
        *("--base_path", str(models), "--registered_name", options.registered_name),
        *("--interval_s", str(_POLL_S), "--server", address),
    ]


def _require_golden(options: DemoOptions, models: Path, selection: Selection, address: str) -> None:
    """Let every version answer the golden request that travels with it."""
    repository = Repository(models, options.registered_name, str(models.resolve()))
    versions = [one.version for one in selection.versions]
    require_right(repository.name, ServerConfirm(address, options.wait_s)(repository, versions))


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
