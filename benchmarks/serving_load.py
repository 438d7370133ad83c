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
import json
import os
import shutil
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# A file beside this one has a package's name: look for packages beside this folder, not in it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import ModelId, TargetUnit, all_combinations
from cbvsynth.errors import CbvsynthError, ModelError
from cbvsynth.io.storage import sha256_tree, tree_digest
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.registry.canary import clear_canary, set_canary
from cbvsynth.registry.promotion import point_aliases
from cbvsynth.registry.rollback import roll_back
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import CHAMPION, available_alias, version_of
from cbvsynth.signature import Description
from serving.client import CbvClient
from serving.connection import Connection, ModelReference, VersionState
from serving.processes import ServerProcess, server_process
from serving.repository import Repository
from serving.selection_file import STABLE
from serving.sync import Sync, SyncOptions

NAME = "cbvsynth"
SLUG, SMALLER = "encdec-t1-t1c", "encdec-t1"
HALF_COPIED = 900
LOOK_EVERY_S = 0.05
PATIENCE_S = 120.0

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LoadOptions:
    """How much load, and of what.

    pause_s: that a client waits between two requests.
    """

    seconds: float = 120.0
    clients: int = 8
    shape: tuple[int, int, int] = (64, 64, 8)
    base_channels: int = 16
    residual_blocks: int = 6
    pause_s: float = 0.0


@dataclass(frozen=True)
class Reply:
    """One answered request; times are those of one clock, seconds."""

    begin: float
    end: float
    version: int
    asked: str
    right: bool


@dataclass
class Record:
    """What was seen: replies, errors, states of the server, and when the stable version was settled."""

    replies: list[Reply] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    live: list[tuple[float, frozenset[int]]] = field(default_factory=list)
    settled: list[tuple[float, float, int]] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Counts:
    """The result. All but `answered` and `events` must be 0."""

    answered: int
    lost: tuple[str, ...]
    wrong: int
    unattributed: int
    stale: int
    versions: Mapping[int, int]
    events: Mapping[str, int]
    median_ms: float
    slowest_ms: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return self.answered > 0 and not (self.lost or self.wrong or self.unattributed or self.stale)

    def __str__(self) -> str:
        happened = ", ".join(f"{count} {event}" for event, count in sorted(self.events.items()))
        versions = ", ".join(
            f"{count} by version {number}" for number, count in sorted(self.versions.items())
        )
        lost = "".join(f"\n    {error}" for error in self.lost[:5])
        return (
            f"meanwhile: {happened}\n"
            f"  answered                                       {self.answered} ({versions})\n"
            f"  lost                                           {len(self.lost)}{lost}\n"
            f"  maps that are not those of the version named   {self.wrong}\n"
            f"  replies by a version that was not loaded       {self.unattributed}\n"
            f"  replies by a version whose label had moved     {self.stale}\n"
            f"  median and slowest reply, ms                   {self.median_ms:.0f}, {self.slowest_ms:.0f}"
        )


@dataclass(frozen=True)
class Stage:
    """Everything that the load runs on."""

    registry: Registry
    repository: Repository
    sync: Sync
    address: str
    images: Mapping[str, Float32Array]
    expected: Mapping[int, Float32Array]
    """Version -> its map of `images`, from the SavedModel called directly; (X, Y, Z)."""
    good: tuple[int, int]
    """Two versions of the same sequences; champions in turn."""
    unloadable: int
    changed: int
    record: Record


def export(folder: Path, slug: str, seed: int, options: LoadOptions) -> Path:
    """A network with fresh weights, as train exports it."""
    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.training.saved_model import export_model

    model = ModelId.parse(slug)
    shape = GeneratorOptions(base_channels=options.base_channels, residual_blocks=options.residual_blocks)
    description = Description(
        model=model,
        target_unit=TargetUnit.ML_PER_100G,
        cbv_max=25.0,
        preprocessing_version=PREPROCESSING_VERSION,
        spacing_range_mm=((0.5, 20.0),) * 3,
        shape_range=((1.0, 512.0),) * 3,
        data_fingerprint="",
        run_fingerprint="",
        software="load",
    )
    export_model(build_generator(len(model.combination.sequences), shape, seed), shape, description, folder)
    return folder


def register(registry: Registry, folder: Path, slug: str) -> int:
    """Store a SavedModel as promote does; its version."""
    client = registry.client
    run_id = client.create_run(registry.experiment_id).info.run_id
    client.log_artifacts(run_id, str(folder), "model/tf2model")
    digests = sha256_tree(folder)
    tags = {
        "model": slug,
        "target_unit": TargetUnit.ML_PER_100G.value,
        "saved_model_digest": tree_digest(digests),
        "saved_model_sha256": json.dumps(digests, sort_keys=True),
    }
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    return int(client.create_model_version(NAME, source, run_id, tags=tags).version)


def crown(registry: Registry, champion: int, smaller: int) -> None:
    """Make a version champion: for every set of sequences with T1 and T1C; the smaller one for T1 alone."""
    targets = {CHAMPION: champion}
    for pattern in all_combinations():
        for slug, version in ((SLUG, champion), (SMALLER, smaller)):
            if ModelId.parse(slug).combination.usable_with(pattern.sequences):
                targets[available_alias(pattern)] = version
                break
    before = version_of(registry, CHAMPION)
    client = registry.client
    client.set_model_version_tag(NAME, str(champion), "aliases", json.dumps(targets, sort_keys=True))
    if before is not None and before.version != champion:
        client.set_model_version_tag(NAME, str(champion), "replaces", str(before.version))
    point_aliases(registry, targets)


def run_load(options: LoadOptions, folder: Path, registry: Registry) -> Counts:
    """Set the stage in a folder, let clients and events run, and count.

    Args:
        options: how much.
        folder: empty; models and logs go there.
        registry: empty.
    """
    registry.client.create_registered_model(NAME)
    exported = _export_all(folder, options)
    numbers = {
        name: register(registry, path, SMALLER if name == "smaller" else SLUG)
        for name, path in exported.items()
    }
    _change_a_byte(registry, numbers["changed"])
    crown(registry, numbers["first"], numbers["smaller"])
    images = _made_up_images(options.shape)
    models = folder / "models"
    repository = Repository(models, NAME, str(models))
    with repository.lock():
        Sync(SyncOptions(once=1, base_path=models, interval_s=0.1), registry, repository).round()
        with server_process(_flags(models, options), folder / "server.log") as server:
            address = server.addresses(300)["gRPC"]
            asking = SyncOptions(watch=1, base_path=models, server=address, wait_s=PATIENCE_S)
            stage = Stage(
                registry=registry,
                repository=repository,
                sync=Sync(asking, registry, repository),
                address=address,
                images=images,
                expected={
                    numbers[name]: _call_directly(exported[name], images)
                    for name in ("first", "second", "smaller")
                },
                good=(numbers["first"], numbers["second"]),
                unloadable=numbers["unloadable"],
                changed=numbers["changed"],
                record=Record(),
            )
            _play(stage, options, server)
    return count(stage.record)


def _export_all(folder: Path, options: LoadOptions) -> dict[str, Path]:
    exported = {
        "first": export(folder / "first", SLUG, 1, options),
        "second": export(folder / "second", SLUG, 2, options),
        "smaller": export(folder / "smaller", SMALLER, 3, options),
        "unloadable": Path(shutil.copytree(folder / "first", folder / "unloadable")),
        "changed": Path(shutil.copytree(folder / "second", folder / "changed")),
    }
    (exported["unloadable"] / "saved_model.pb").write_bytes(b"no program")
    return exported


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
    """Promote a version that cannot be served; sync must say so, and labels stay where they were."""
    before = version_of(stage.registry, CHAMPION)
    assert before is not None
    crown(stage.registry, version, smaller)
    try:
        stage.sync.round()
    except ModelError:
        crown(stage.registry, before.version, smaller)
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


def count(record: Record) -> Counts:
    """What went wrong among the replies."""
    times = [1e3 * (reply.end - reply.begin) for reply in record.replies] or [0.0]
    return Counts(
        answered=len(record.replies),
        lost=tuple(record.lost),
        wrong=sum(not reply.right for reply in record.replies),
        unattributed=sum(not _was_live(record, reply) for reply in record.replies),
        stale=sum(_is_stale(record, reply) for reply in record.replies),
        versions=Counter(reply.version for reply in record.replies),
        events=dict(record.events),
        median_ms=statistics.median(times),
        slowest_ms=max(times),
    )


def _was_live(record: Record, reply: Reply) -> bool:
    """Whether the server said so at a look during the request, or at the one before or after it."""
    before = [live for at, live in record.live if at <= reply.begin][-1:]
    during = [live for at, live in record.live if reply.begin < at < reply.end]
    after = [live for at, live in record.live if at >= reply.end][:1]
    return any(reply.version in live for live in (*before, *during, *after))


def _is_stale(record: Record, reply: Reply) -> bool:
    """Whether another version than the settled one answered a request that lay within its time."""
    if reply.asked == "without T1C":
        return False
    return any(
        begin <= reply.begin and reply.end <= end and reply.version != version
        for begin, end, version in record.settled
    )


def _change_a_byte(registry: Registry, version: int) -> None:
    """Change the stored weights of a version behind the registry's back."""
    run_id = registry.client.get_model_version(NAME, str(version)).run_id
    root = Path(registry.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    (weights,) = root.glob("model/tf2model/variables/variables.data*")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)


def _made_up_images(shape: tuple[int, int, int]) -> dict[str, Float32Array]:
    rng = np.random.default_rng(1)
    return {name: rng.uniform(200, 900, shape).astype(np.float32) for name in ("t1", "t1c")}


def _call_directly(folder: Path, images: Mapping[str, Float32Array]) -> Float32Array:
    from cbvsynth.training.saved_model import load_exported

    model = load_exported(folder)
    return model({name.value: images[name.value][np.newaxis] for name in model.description.sequences})[0]


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
