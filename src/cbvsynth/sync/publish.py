"""Telling server and clients what is served, in an order that leaves no moment without a good answer.

A label may only move to a version that the server has loaded. So it is told twice: first old and new
versions under the old labels; then, when the new ones are loaded and have answered their golden request
rightly, the new versions under the new labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from cbvsynth.client.connection import Connection, ModelReference, VersionState
from cbvsynth.errors import ModelError, RefusedError, ReplyError, ServingError, UnreachableError
from cbvsynth.records.golden import require_golden
from cbvsynth.records.selection import STABLE, Selection
from cbvsynth.sync.repository import Repository, restricted
from cbvsynth.wire.tensors import Float32Array

_LOOK_EVERY_S = 0.5
BROKEN_S = 5.0
"""How long a server must say that it cannot load a version before it is believed: it may be about to look
again at files that were replaced."""


class Confirm(Protocol):
    """Waits until a server has loaded versions, and checks that they are what they should be."""

    def __call__(self, repository: Repository, versions: Collection[int]) -> Mapping[int, str]:
        """Versions that cannot be loaded or answer wrongly, with the reason; ServingError: no answer."""


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
            RefusedError: there is something else than a prediction server.
        """
        connection = Connection(self._server, attempts=1)
        try:
            wrong = self._wait(connection, repository.name, versions)
            for number in sorted(set(versions) - wrong.keys()):
                ask = partial(_predict, connection, ModelReference(repository.name, number))
                try:
                    require_golden(repository.folder / str(number), ask)
                except (ModelError, RefusedError, ReplyError) as error:
                    wrong[number] = str(error)
        finally:
            connection.close()
        return wrong

    def _wait(self, connection: Connection, name: str, wanted: Collection[int]) -> dict[int, str]:
        """Wait until versions are loaded; those that the server cannot load, with its reason."""
        begin = sound_at = time.monotonic()
        wrong: dict[int, str] = {}
        while True:
            broken: dict[int, str] = {}
            try:
                states = connection.version_states(name)
                missing = [one for one in sorted(set(wanted) - wrong.keys()) if not _is_live(states, one)]
                if not missing:
                    return wrong
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
                wrong |= {one: f"{self._server} cannot load it: {error}" for one, error in broken.items()}
                continue
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


@dataclass(frozen=True)
class Published:
    """What is served now, whether anything changed, and versions left out because a server has them wrong."""

    selection: Selection
    changed: bool
    wrong: Mapping[int, str]


def publish(
    repository: Repository,
    wanted: Selection,
    confirm: Confirm | None,
    pause: Callable[[], None],
) -> Published:
    """Make server and clients obey a selection whose folders are all there.

    Args:
        repository: where.
        wanted: what is to be served; a new version that the server has wrong is left out of it.
        confirm: asks the server whether it has loaded the new versions and answers rightly.
        pause: waits until a server has surely looked at models.config; used where none can be asked.

    Raises:
        ServingError: the server did not load the new versions in time; what was served stays.
        ModelError: the server's new champion is not what was promoted; what was served stays.
    """
    former = served_so_far(repository)
    final = repository.config(wanted)
    if former == wanted and repository.config_text() == final.to_text():
        return Published(wanted, changed=False, wrong={})
    wrong: Mapping[int, str] = {}
    new = [
        served.version for served in wanted.versions if not former or former.version(served.version) is None
    ]
    if former is not None and former.versions and repository.config_text() and new:
        repository.write_config(repository.config(former, also=new))
        try:
            if confirm is None:
                pause()
            else:
                wrong = confirm(repository, new)
            wanted = without(wanted, wrong)
        except (ServingError, ModelError):
            repository.write_config(repository.config(former))
            raise
    repository.write_selection(wanted)
    repository.write_config(repository.config(wanted))
    return Published(wanted, changed=former != wanted, wrong=wrong)


def without(selection: Selection, wrong: Mapping[int, str]) -> Selection:
    """The selection without some versions.

    Raises:
        ModelError: the champion is among them.
    """
    require_right(
        selection.registered_name, {one: wrong[one] for one in wrong if one == selection.labels[STABLE]}
    )
    return restricted(selection, {one.version for one in selection.versions} - set(wrong))


def wrongness(name: str, wrong: Mapping[int, str]) -> list[str]:
    """A sentence for each version that a server has wrong."""
    return [
        f"Version {number} of '{name}', as the server has it, is not what was promoted: {reason}"
        for number, reason in sorted(wrong.items())
    ]


def require_right(name: str, wrong: Mapping[int, str]) -> None:
    """Raise ModelError where versions are wrong."""
    if wrong:
        raise ModelError(" ".join(wrongness(name, wrong)))


def withdraw(repository: Repository, versions: Collection[int]) -> None:
    """Serve everything but these versions, where there is nothing older to stay with."""
    present = repository.published()
    if present is not None:
        kept = restricted(present, {one.version for one in present.versions} - set(versions))
        repository.write_config(repository.config(kept))
        repository.write_selection(kept)


def served_so_far(repository: Repository) -> Selection | None:
    """What has been served so far; None if that is unknown, since there is then nothing to keep."""
    try:
        return repository.published()
    except ModelError:
        return None
