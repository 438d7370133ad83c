"""Command lines of our manifests, read by the programs' own parsers, and agreeing with each other."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TypeVar

from cbvsynth.entrypoint import require_flags_once
from cbvsynth.errors import UsageError
from cbvsynth.k8s.cluster import Cluster, Manifest, Workload, called, selects
from cbvsynth.server.flags import OURS, build_parser
from cbvsynth.server.foreign_flags import REFUSED
from cbvsynth.sync.options import SyncOptions

Parsed = TypeVar("Parsed")


def check(cluster: Cluster) -> Iterator[str]:
    """Flags that no program knows, and ports, folders and names that two programs see differently."""
    for workload in cluster.workloads():
        for container in workload.containers:
            where, words = f"{workload.called}, {container['name']}", words_of(container)
            if words[:1] == ["tensorflow_model_server"]:
                yield from _server(where, workload, container, words[1:])
            elif words[:3] == ["cbvsynth", "serving", "sync"]:
                yield from _sync(where, workload, container, words[3:])
            elif words[:1] == ["mlflow"]:
                yield from _mlflow(where, cluster, workload, container, words[1:])


def words_of(container: Manifest) -> list[str]:
    """Command and arguments together."""
    return [*container.get("command", []), *container.get("args", [])]


def server_flags(words: list[str]) -> dict[str, object]:
    """Flags of tensorflow_model_server, read by the embedded server's parser.

    Raises:
        UsageError: one is unknown, or has a value of another type.
    """
    return _quietly(lambda: vars(build_parser().parse_args(words)))


def sync_options(words: list[str]) -> SyncOptions:
    """Options of sync, read as the program does.

    Raises:
        UsageError: as the program.
    """
    import tyro

    require_flags_once(words)
    config = (tyro.conf.FlagConversionOff, tyro.conf.EnumChoicesFromValues)
    return _quietly(lambda: tyro.cli(SyncOptions, args=words, use_underscores=True, config=config))


def mlflow_flags(words: list[str]) -> dict[str, object]:
    """Parameters of an mlflow command, read by its own parser.

    Raises:
        UsageError: as the program.
    """
    import click
    from mlflow.cli import cli

    try:
        command, arguments = cli, words
        context = click.Context(cli, info_name="mlflow")
        while isinstance(command, click.Group):
            found = command.get_command(context, arguments[0])
            if found is None:
                raise UsageError(f"mlflow has no command {arguments[0]}")
            command, arguments = found, arguments[1:]
        return dict(command.make_context(command.name, list(arguments)).params)
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error


def _quietly(parse: Callable[[], Parsed]) -> Parsed:
    output = io.StringIO()
    try:
        with contextlib.redirect_stderr(output), contextlib.redirect_stdout(output):
            return parse()
    except SystemExit as error:
        raise UsageError(" ".join(output.getvalue().split())[-300:]) from error


def _server(where: str, workload: Workload, container: Manifest, words: list[str]) -> Iterator[str]:
    try:
        flags = server_flags(words)
    except UsageError as error:
        yield f"{where}: {error}"
        return
    for name in sorted(flags.keys() & REFUSED.keys()):
        yield f"{where}: --{name} would change answers: {REFUSED[name]}"
    for name in sorted(flags.keys() & OURS):
        yield f"{where}: tensorflow_model_server has no --{name}"
    yield from _open(where, container, flags.get("port"), flags.get("rest_api_port"))
    for name in ("model_config_file", "monitoring_config_file"):
        path = flags.get(name)
        if path is not None and not _mounted(container, str(path)):
            yield f"{where}: --{name} is {path}, where nothing is mounted"
    if not flags.get("model_config_file_poll_wait_seconds"):
        yield f"{where} would never see a new champion: --model_config_file_poll_wait_seconds is not set"
    if not flags.get("allow_version_labels_for_unavailable_models"):
        yield f"{where} would refuse a first models.config with labels"
    for name in ("tensorflow_intra_op_parallelism", "tensorflow_inter_op_parallelism"):
        if not flags.get(name):
            yield f"{where} would start a thread for every processor of its node: --{name} is not set"
    for other in workload.containers:
        if words_of(other)[:3] == ["cbvsynth", "serving", "sync"]:
            with contextlib.suppress(UsageError):
                yield from _agree(where, flags, sync_options(words_of(other)[3:]))


def _agree(where: str, flags: dict[str, object], sync: SyncOptions) -> Iterator[str]:
    if PurePosixPath(str(flags.get("model_config_file"))).parent != PurePosixPath(sync.base_path):
        yield f"{where} reads {flags.get('model_config_file')}, sync writes to {sync.base_path}"
    if sync.server and sync.server != f"localhost:{flags.get('port')}":
        yield f"{where} listens on {flags.get('port')}, sync asks {sync.server}"


def _sync(where: str, workload: Workload, container: Manifest, words: list[str]) -> Iterator[str]:
    try:
        options = sync_options(words)
    except UsageError as error:
        yield f"{where}: {error}"
        return
    if workload.is_server and not options.watch:
        yield f"{where} ends after one round; expected --watch"
    if not options.server:
        yield f"{where} does not ask the server whether a new version answers correctly; expected --server"
    yield from _open(where, container, options.status_port)
    if not _mounted(container, f"{options.base_path}/models.config"):
        yield f"{where}: --base_path is {options.base_path}, where nothing is mounted"


def _mlflow(
    where: str, cluster: Cluster, workload: Workload, container: Manifest, words: list[str]
) -> Iterator[str]:
    try:
        flags = mlflow_flags(words)
    except UsageError as error:
        yield f"{where}: mlflow: {error}"
        return
    if words[0] != "server":
        return
    yield from _open(where, container, flags["port"])
    if not flags["serve_artifacts"]:
        yield f"{where} would send every trainer to the object store with a key of its own"
    if flags.get("disable_security_middleware"):
        yield f"{where} answers to every name"
    hosts = str(flags.get("allowed_hosts") or "").split(",")
    for host in hosts:
        if "*" in host:
            yield f"{where} answers to the pattern '{host}'"
    for service in cluster.of_kind("Service"):
        here = service["metadata"]["namespace"] == workload.namespace
        if here and selects({"matchLabels": service["spec"]["selector"]}, workload.labels):
            name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
            for host in (f"{name}:{port}", f"{name}.{workload.namespace}.svc:{port}"):
                if host not in hosts:
                    yield f"{where} answers 403 under {host}, the name of {called(service)}"


def _open(where: str, container: Manifest, *ports: object) -> Iterator[str]:
    there = [port["containerPort"] for port in container.get("ports", [])]
    for port in ports:
        if port not in there:
            yield f"{where} listens on {port}; its ports are {there}"


def _mounted(container: Manifest, path: str) -> bool:
    return any(
        PurePosixPath(path).is_relative_to(mount["mountPath"]) for mount in container.get("volumeMounts", [])
    )
