"""Telling server and clients what is served, in an order that leaves no moment without a good answer.

A label may only move to a version that the server has loaded. So it is told twice: first old and new
versions under the old labels; then, when the new ones are loaded and have answered their golden request
rightly, the new versions under the new labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from cbvsynth.client.connection import Connection, ModelReference, VersionState
from cbvsynth.errors import ModelError, RefusedError, ReplyError, ServingError, UnreachableError
from cbvsynth.records.golden import require_golden
from cbvsynth.records.selection import Selection
from cbvsynth.sync.repository import Repository, restricted
from cbvsynth.wire.tensors import Float32Array

_LOOK_EVERY_S = 0.5
BROKEN_S = 5.0
"""How long a server must say that it cannot load a version before it is believed: it may be about to look
again at files that were replaced."""


class Confirm(Protocol):
    """Waits until a server has loaded versions, and checks that they are what they should be."""

    def __call__(self, repository: Repository, versions: Collection[int]) -> Mapping[int, str]:
        """Versions that answer wrongly, with what is wrong; a ServingError where they are not loaded."""


class ServerConfirm:
    """Asks a running server: are they loaded, and do they answer their golden requests rightly?"""

    def __init__(self, server: str, wait_s: float, broken_s: float = BROKEN_S) -> None:
        self._server = server
        self._wait_s = wait_s
        self._broken_s = broken_s

    def __call__(self, repository: Repository, versions: Collection[int]) -> Mapping[int, str]:
        """As `Confirm`.

        Raises:
            UnreachableError: the server does not answer, or has not loaded them in time.
            ModelError: the server cannot load one of them.
            RefusedError: there is something else than a prediction server.
        """
        connection = Connection(self._server, attempts=1)
        wrong = {}
        try:
            self._wait(connection, repository.name, versions)
            for number in sorted(versions):
                ask = partial(_predict, connection, ModelReference(repository.name, number))
                try:
                    require_golden(repository.folder / str(number), ask)
                except (ModelError, RefusedError, ReplyError) as error:
                    wrong[number] = str(error)
        finally:
            connection.close()
        return wrong

    def _wait(self, connection: Connection, name: str, wanted: Collection[int]) -> None:
        begin = sound_at = time.monotonic()
        while True:
            broken: dict[int, str] = {}
            try:
                states = connection.version_states(name)
                missing = [number for number in sorted(wanted) if not _is_live(states, number)]
                if not missing:
                    return
                broken = {one: states[one].error for one in missing if one in states and states[one].error}
                found = f"version {', '.join(map(str, missing))} of '{name}' is not loaded"
            except UnreachableError:
                found = "it does not answer"
            except RefusedError as error:
                if error.code != "NOT_FOUND":
                    raise
                found = f"it does not know '{name}' yet"
            now = time.monotonic()
            sound_at = sound_at if broken else now
            if now - sound_at >= self._broken_s:
                number, reason = next(iter(broken.items()))
                raise ModelError(
                    f"{self._server} cannot load version {number} of '{name}': {reason} Labels were not "
                    "moved, and what is served stays."
                )
            if now - begin >= self._wait_s:
                raise UnreachableError(
                    f"{self._server} was given {self._wait_s:g} s, and {found}; expected it to load what "
                    "models.config names. Labels were not moved. Look at the server's log, and at --server."
                )
            time.sleep(_LOOK_EVERY_S)


def _is_live(states: Mapping[int, VersionState], number: int) -> bool:
    return number in states and states[number].is_live


def _predict(
    connection: Connection, model: ModelReference, inputs: Mapping[str, Float32Array]
) -> Float32Array:
    return connection.predict(model, inputs)[0]


def publish(
    repository: Repository,
    wanted: Selection,
    confirm: Confirm | None,
    pause: Callable[[], None],
) -> bool:
    """Make server and clients obey a selection whose folders are all there; whether anything changed.

    Args:
        repository: where.
        wanted: what is to be served.
        confirm: asks the server whether it has loaded the new versions and answers rightly.
        pause: waits until a server has surely looked at models.config; used where none can be asked.

    Raises:
        ServingError: the server did not load the new versions in time; what was served stays.
        ModelError: the server's new versions are not what was promoted; what was served stays.
    """
    former = _former(repository)
    final = repository.config(wanted)
    if former == wanted and repository.config_text() == final.to_text():
        return False
    if former is None or not former.versions or not repository.config_text():
        repository.write_selection(wanted)
        repository.write_config(final)
        return True
    new = [served.version for served in wanted.versions if former.version(served.version) is None]
    if new:
        repository.write_config(repository.config(former, also=new))
        try:
            if confirm is None:
                pause()
            else:
                require_right(repository, confirm(repository, new))
        except (ServingError, ModelError):
            repository.write_config(repository.config(former))
            raise
    repository.write_selection(wanted)
    repository.write_config(final)
    return True


def require_right(repository: Repository, wrong: Mapping[int, str]) -> None:
    """Raise ModelError where versions answer wrongly."""
    if wrong:
        numbers = ", ".join(map(str, sorted(wrong)))
        raise ModelError(
            f"Version {numbers} of '{repository.name}' is loaded by the server and is not what was promoted: "
            f"{next(iter(wrong.values()))}"
        )


def withdraw(repository: Repository, versions: Collection[int]) -> None:
    """Serve everything but these versions, where there is nothing older to stay with."""
    present = repository.published()
    if present is not None:
        kept = restricted(present, {one.version for one in present.versions} - set(versions))
        repository.write_config(repository.config(kept))
        repository.write_selection(kept)


def _former(repository: Repository) -> Selection | None:
    """What was served so far; None where that is not known, for then there is nothing to keep."""
    try:
        return repository.published()
    except ModelError:
        return None
