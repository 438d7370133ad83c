"""The life of a server process: start, follow the files, stop."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import grpc
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.configuration import ModelSettings, read_metrics_path, read_models
from cbvsynth.server.encryption import Encryption, read_encryption
from cbvsynth.server.faces.backend import Backend
from cbvsynth.server.faces.grpc_services import build_grpc
from cbvsynth.server.faces.health import Health
from cbvsynth.server.faces.rest import RestApi
from cbvsynth.server.faces.rest_server import RestServer, build_rest
from cbvsynth.server.flags import PRODUCTION_IMAGE, ServerOptions
from cbvsynth.server.loading import LoadedModel, warm_up
from cbvsynth.server.methods.predict import predict_with
from cbvsynth.server.store import ModelStore
from cbvsynth.wire.tracing import start_tracing

_STARTING_PAUSE_S = 1.0
"""Between two looks for a model that is not there yet."""
_REPEAT_WAITING_S = 30.0
"""How often the log says again what the start waits for."""


def log(line: str) -> None:
    """A line for people, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def start_tensorflow(options: ServerOptions) -> None:
    """Set the number of threads, and have TensorFlow look for processors now, while it is kept quiet."""
    both = options.tensorflow_session_parallelism
    tf.config.threading.set_intra_op_parallelism_threads(options.tensorflow_intra_op_parallelism or both)
    tf.config.threading.set_inter_op_parallelism_threads(options.tensorflow_inter_op_parallelism or both)
    tf.config.list_logical_devices()


def serve(options: ServerOptions) -> None:
    """Load every model, open the ports, follow the files, and end on SIGTERM after accepted requests.

    Raises:
        UsageError: a file or a port cannot be used.
        ModelError: at the start a model has only broken versions.
        RefusedError: at the start a label names a version that is not available.
    """
    log(f"development server; in production use {PRODUCTION_IMAGE} with the same flags and files")
    if options.ignored:
        log(f"flags without effect here: {', '.join(options.ignored)}")
    if options.model_config_file and options.model_base_path:
        log("--model_base_path and --model_name are not used: --model_config_file lists the models")
    start_tracing("cbvsynth-server")
    encryption = read_encryption(Path(options.ssl_config_file)) if options.ssl_config_file else None
    metrics_path = read_metrics_path(options.monitoring_config_file)
    store = build_store(options)
    watch = ConfigWatch(options)
    store.configure(watch.read())
    with _stop_signal() as stop:
        if not _load_all(store, stop):
            return
        with open_ports(Backend(store, options), encryption, metrics_path):
            log(f"ready in {time.process_time():.0f} s of processor time")
            _follow(options, store, watch, stop)
            log("stopping: accepted requests are finished first")
    store.close()
    log("stopped")


@dataclass
class ConfigWatch:
    """The list of models, read again when the file's text changes."""

    options: ServerOptions
    _text: str = field(default="", init=False)

    def read(self) -> dict[str, ModelSettings]:
        """The models listed now."""
        self._text = self._now()
        return read_models(self.options)

    def apply_change(self, store: ModelStore) -> None:
        """Hand a changed list to the store; one that cannot be used is tried again at the next look."""
        text = self._now()
        if text in ("", self._text):
            return
        try:
            store.configure(read_models(self.options))
        except (UsageError, RefusedError) as error:
            log(f"the changed list of models is not used: {error}")
        else:
            self._text = text
            log("the list of models was read again")

    def _now(self) -> str:
        try:
            return Path(self.options.model_config_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""


def build_store(options: ServerOptions) -> ModelStore:
    """An empty store that loads, checks and warms models as the flags say."""

    def load(name: str, version: int, folder: Path) -> LoadedModel:
        log(f"{name} version {version} is loading")
        model = LoadedModel(folder, options)
        if options.enable_model_warmup:

            def run(record: prediction_log_pb2.PredictionLog) -> None:
                predict_with(model, version, record.predict_log.request, options)

            warm_up(folder, run, max(options.num_request_iterations_for_warmup, 1))
        return model

    return ModelStore(
        load,
        log,
        new_labels_free=options.allow_version_labels_for_unavailable_models,
        any_labels_free=options.force_allow_any_version_labels_for_unavailable_models,
    )


def _load_all(store: ModelStore, stop: threading.Event) -> bool:
    """Wait until every model has an available version; False if stopped before."""
    said_at = float("-inf")
    while not stop.is_set():
        store.reconcile(stop.is_set)
        waiting = [] if stop.is_set() else store.waiting_for()
        if not waiting:
            break
        if time.monotonic() - said_at > _REPEAT_WAITING_S:
            said_at = time.monotonic()
            log(f"the port opens when all models are loaded; waiting for {'; '.join(waiting)}")
        stop.wait(_STARTING_PAUSE_S)
    return not stop.is_set()


def _follow(options: ServerOptions, store: ModelStore, watch: ConfigWatch, stop: threading.Event) -> None:
    """Look at the list of models and at their folders, each at its own pace, until stopped."""
    list_s = options.model_config_file_poll_wait_seconds if options.model_config_file else 0
    folders_s = options.file_system_poll_wait_seconds
    list_at = folders_at = time.monotonic()
    # With nothing to look at only the signal matters; an hour is as good as for ever.
    while not stop.wait(min([pace for pace in (list_s, folders_s) if pace > 0], default=3600)):
        now = time.monotonic()
        if list_s > 0 and now - list_at >= list_s:
            list_at = now
            watch.apply_change(store)
            store.reconcile(stop.is_set)
        elif folders_s > 0 and now - folders_at >= folders_s:
            folders_at = now
            store.reconcile(stop.is_set)


@dataclass(frozen=True)
class Ports:
    """Ports that a server answers on; `rest` is 0 where there is none."""

    grpc: int
    rest: int


@contextmanager
def open_ports(backend: Backend, encryption: Encryption | None, metrics_path: str) -> Iterator[Ports]:
    """Answer requests while the block runs; then refuse new ones and finish those accepted.

    Raises:
        UsageError: a port cannot be opened.
        InstallationError: a flag asks for a package that is not there.
    """
    options = backend.options
    health = Health(options.grpc_max_threads // 2) if options.enable_grpc_healthcheck_service else None
    server = build_grpc(backend, health)
    port = _open_port(server, options, encryption)
    rest = _start_rest(backend, encryption, metrics_path)
    server.start()
    print(f"gRPC on {options.host}:{port}{' with TLS' if encryption else ''}", flush=True)
    try:
        yield Ports(port, 0 if rest is None else int(rest.server_address[1]))
    finally:
        if health is not None:
            health.end()  # first, so that whoever asks learns it while accepted requests are finished
        ended = server.stop(options.shutdown_grace_seconds)
        if rest is not None:
            rest.finish(options.shutdown_grace_seconds)
        ended.wait()


def _start_rest(backend: Backend, encryption: Encryption | None, metrics_path: str) -> RestServer | None:
    options = backend.options
    if options.rest_api_port < 0:
        return None
    if (
        encryption is not None
        and encryption.asks_clients
        and not options.rest_api_without_client_certificates
    ):
        log(
            "the REST port stays closed: it cannot ask its clients for certificates, as gRPC does. Open it "
            "with --rest_api_without_client_certificates, or give --rest_api_port=-1"
        )
        return None
    rest = build_rest(RestApi(backend, metrics_path).answer, options)
    threading.Thread(target=rest.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    print(f"REST on {options.host}:{rest.server_address[1]}", flush=True)
    return rest


def _open_port(server: grpc.Server, options: ServerOptions, encryption: Encryption | None) -> int:
    address = f"{options.host}:{options.port}"
    try:
        if options.grpc_socket_path:
            server.add_insecure_port(f"unix:{options.grpc_socket_path}")
        if encryption is not None:
            return int(server.add_secure_port(address, encryption.credentials))
        return int(server.add_insecure_port(address))
    except RuntimeError as error:
        raise UsageError(
            f"--port {options.port} on {options.host} cannot be opened; is another server there? Choose "
            "another one, or 0."
        ) from error


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
