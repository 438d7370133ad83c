"""Many clients ask for maps while champions, canaries and files change under the server; what went wrong?

    python benchmarks/serving_load.py [--seconds 120] [--clients 8] [--size 64x64x8]

A registry of its own, sync, the embedded server and clients, all as in use. Meanwhile, again and again:

- a version is promoted, and rolled back; a canary comes and goes;
- a version that TensorFlow cannot load is promoted: sync must not move a label to it;
- a version of which a byte was changed after promotion is promoted: sync must not publish it;
- the server is told of a folder that is half copied, and that becomes whole later.

Every map is compared, bit for bit, with that of the version that the reply names, called directly. Ends
with 1 when a request was lost, a map was another model's, a reply named a version that was not loaded,
or a version answered after its label had moved away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
# A file beside this one has a package's name: look for packages beside this folder, not in it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.load_counts import Counts, Record, Reply, count
from benchmarks.load_models import (
    NAME,
    SLUG,
    SMALLER,
    Float32Array,
    LoadOptions,
    call_directly,
    change_a_byte,
    crown,
    export_all,
    made_up_images,
    register,
)
from cbvsynth.client import CbvClient
from cbvsynth.client.connection import Connection, ModelReference, VersionState
from cbvsynth.errors import CbvsynthError, ModelError
from cbvsynth.proof.processes import ServerProcess, server_process
from cbvsynth.records.selection import STABLE
from cbvsynth.registry.canary import clear_canary, set_canary
from cbvsynth.registry.rollback import roll_back
from cbvsynth.registry.store import Registry
from cbvsynth.sync.follower import Follower
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.repository import Repository

HALF_COPIED = 900
LOOK_EVERY_S = 0.05
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Stage:
    """Everything that the load runs on."""

    registry: Registry
    repository: Repository
    sync: Follower
    address: str
    images: Mapping[str, Float32Array]
    expected: Mapping[int, Float32Array]
    """Version -> its map of `images`, from the SavedModel called directly; (X, Y, Z)."""
    good: tuple[int, int]
    """Two versions of the same sequences; champions in turn."""
    unloadable: int
    changed: int
    record: Record


def run_load(options: LoadOptions, folder: Path, registry: Registry) -> Counts:
    """Set the stage in a folder, let clients and events run, and count.

    Args:
        options: how much.
        folder: empty; models and logs go there.
        registry: empty.
    """
    registry.client.create_registered_model(NAME)
    exported = export_all(folder, options)
    numbers = {
        name: register(registry, path, SMALLER if name == "smaller" else SLUG)
        for name, path in exported.items()
    }
    change_a_byte(registry, numbers["changed"])
    crown(registry, numbers["first"], numbers["smaller"])
    images = made_up_images(options.shape)
    models = folder / "models"
    repository = Repository(models, NAME, str(models))
    with repository.lock():
        Follower(SyncOptions(once=1, base_path=models, interval_s=0.1), registry, repository).round()
        with server_process(_flags(models, options), folder / "server.log") as server:
            address = server.addresses(300)["gRPC"]
            asking = SyncOptions(watch=1, base_path=models, server=address, wait_s=PATIENCE_S)
            stage = Stage(
                registry=registry,
                repository=repository,
                sync=Follower(asking, registry, repository),
                address=address,
                images=images,
                expected={
                    numbers[name]: call_directly(exported[name], images)
                    for name in ("first", "second", "smaller")
                },
                good=(numbers["first"], numbers["second"]),
                unloadable=numbers["unloadable"],
                changed=numbers["changed"],
                record=Record(),
            )
            _play(stage, options, server)
    return count(stage.record)


def _flags(models: Path, options: LoadOptions) -> list[str]:
    return [
        "--port=0",
        "--rest_api_port=-1",
        f"--model_config_file={models}/models.config",
        "--model_config_file_poll_wait_seconds=1",
        "--allow_version_labels_for_unavailable_models",
        f"--grpc_max_threads={options.clients + 2}",
    ]


def _play(stage: Stage, options: LoadOptions, server: ServerProcess) -> None:
    """Clients, watcher and events until the time is up; every event is finished."""
    stop = threading.Event()
    with ThreadPoolExecutor(options.clients + 1) as pool:
        running = [pool.submit(_watch, stage, stop)]
        running += [
            pool.submit(_ask, stage, number, options.pause_s, stop) for number in range(options.clients)
        ]
        deadline = time.monotonic() + options.seconds
        try:
            while time.monotonic() < deadline:
                _all_events(stage, deadline)
                server.require_alive()
        finally:
            stop.set()
        for future in running:
            future.result()


def _all_events(stage: Stage, deadline: float) -> None:
    """Every event in turn; once each at least, and no new one begins after the deadline."""
    first, second = stage.good
    smaller = next(number for number in stage.expected if number not in stage.good)
    events: list[tuple[str, Callable[[], None]]] = [
        ("promotions", lambda: _move(stage, lambda: crown(stage.registry, second, smaller), second)),
        ("half-copied folders", lambda: _half_copy(stage)),
        ("rollbacks", lambda: _move(stage, lambda: roll_back(stage.registry), first)),
        ("canaries set", lambda: _move(stage, lambda: set_canary(stage.registry, second), first)),
        ("canaries cleared", lambda: _move(stage, lambda: clear_canary(stage.registry), first)),
        ("changed versions refused", lambda: _refused(stage, stage.changed, smaller)),
        ("unloadable versions refused", lambda: _refused(stage, stage.unloadable, smaller)),
    ]
    for name, act in events:
        if stage.record.events[name] and time.monotonic() >= deadline:
            return
        act()
        stage.record.events[name] += 1


def _move(stage: Stage, change: Callable[[], object], stable: int) -> None:
    """Change the registry, sync, and wait until the server's label has followed."""
    _unsettle(stage)
    change()
    stage.sync.round()
    connection = Connection(stage.address)
    deadline = time.monotonic() + PATIENCE_S
    while connection.describe(ModelReference(NAME, label=STABLE))[1] != stable:
        if time.monotonic() > deadline:
            raise SystemExit(f"the label did not move to version {stable} within {PATIENCE_S:g} s")
        time.sleep(LOOK_EVERY_S)
    connection.close()
    stage.record.settled.append((time.monotonic(), float("inf"), stable))


def _unsettle(stage: Stage) -> None:
    settled = stage.record.settled
    if settled:
        begin, _, version = settled[-1]
        settled[-1] = (begin, time.monotonic(), version)


def _refused(stage: Stage, version: int, smaller: int) -> None:
    """Promote a version that cannot be served: sync must say so, and labels stay until it is rolled back."""
    crown(stage.registry, version, smaller)
    try:
        stage.sync.round()
    except ModelError:
        roll_back(stage.registry)
        stage.sync.round()
    else:
        raise SystemExit(f"version {version} was published")


def _half_copy(stage: Stage) -> None:
    """Tell the server of a folder in the middle of being copied; later it is whole, then it goes."""
    source, target = stage.repository.folder / str(stage.good[0]), stage.repository.folder / str(HALF_COPIED)
    present = stage.repository.published()
    assert present is not None
    before = stage.repository.config_text()
    shutil.copytree(source, target)
    (weights,) = (target / "variables").glob("variables.data*")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    stage.repository.write_config(stage.repository.config(present, also=[HALF_COPIED]))
    _wait_for(stage, lambda state: bool(state.error))
    weights.write_bytes(whole)
    _wait_for(stage, lambda state: state.is_live)
    stage.repository.write_config(stage.repository.config(present))
    _wait_for(stage, lambda state: not state.is_live)
    shutil.rmtree(target)
    assert stage.repository.config_text() == before


def _wait_for(stage: Stage, condition: Callable[[VersionState], bool]) -> None:
    """Until the server says of the half-copied version what it should."""
    connection = Connection(stage.address)
    deadline = time.monotonic() + PATIENCE_S
    unknown = VersionState(is_live=False, error="")
    while not condition(state := connection.version_states(NAME).get(HALF_COPIED, unknown)):
        if time.monotonic() > deadline:
            raise SystemExit(f"the half-copied version did not become as expected: {state}")
        time.sleep(LOOK_EVERY_S)
    connection.close()


def _ask(stage: Stage, number: int, pause_s: float, stop: threading.Event) -> None:
    """A client: all sequences, then T1 alone, then the label stable, again and again."""
    ways: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("best", ("t1", "t1c"), ""),
        ("without T1C", ("t1",), ""),
        ("stable", ("t1", "t1c"), STABLE),
    )
    mask = np.ones(stage.images["t1"].shape, np.bool_)
    turn = number
    with CbvClient(stage.address, timeout_s=PATIENCE_S) as client:
        while not stop.wait(pause_s):
            asked, names, label = ways[turn % len(ways)]
            turn += 1
            begin = time.monotonic()
            try:
                images = {name: stage.images[name] for name in names}
                made = client.predict(images, mask=mask, label=label)
            except CbvsynthError as error:
                stage.record.lost.append(f"{asked}: {error}")
                continue
            version = made.record.served.version
            right = version in stage.expected and np.array_equal(made.cbv, stage.expected[version])
            stage.record.replies.append(Reply(begin, time.monotonic(), version, asked, right))


def _watch(stage: Stage, stop: threading.Event) -> None:
    """Note, all the time, which versions the server says it has."""
    connection = Connection(stage.address)
    while not stop.wait(LOOK_EVERY_S):
        with suppress(CbvsynthError):
            stage.record.live.append((time.monotonic(), frozenset(connection.live_versions(NAME))))
    stage.record.live.append((time.monotonic(), frozenset(connection.live_versions(NAME))))
    connection.close()


def main() -> int:
    """Run it; the exit code is 1 when something went wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="how long, at least")
    parser.add_argument("--clients", type=int, default=8, help="clients at the same time")
    parser.add_argument("--size", default="64x64x8", help="XxYxZ of a volume")
    given = parser.parse_args()
    x, y, z = (int(part) for part in given.size.lower().split("x"))
    options = LoadOptions(seconds=given.seconds, clients=given.clients, shape=(x, y, z))
    with TemporaryDirectory() as folder:
        os.chdir(folder)  # the registry's files lie below the working folder
        counts = run_load(options, Path(folder), Registry(f"sqlite:///{folder}/mlflow.db", NAME))
    print(f"{options.clients} clients for {options.seconds:g} s, volumes of {given.size}")
    print(counts)
    return 0 if counts.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
