"""One look at the model registry after the other: the folder that a prediction server reads obeys it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cbvsynth.domain.sequences import patterns_like
from cbvsynth.errors import CbvsynthError, ModelError, RegistryError
from cbvsynth.records.selection import STABLE, Selection
from cbvsynth.registry.served import (
    ServedState,
    download_saved_model,
    read_aliases,
    read_served_state,
    stored_digests,
)
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import ModelVersion
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.plan import plan
from cbvsynth.sync.publish import (
    ServerConfirm,
    publish,
    served_so_far,
    withdraw,
    without,
    wrongness,
)
from cbvsynth.sync.repository import Content, Repository, restricted

_LOOKS_BEFORE_RETRY = 10
"""A version that is not what was promoted is rarely mended and dear to copy: it is tried again after this
many looks at an unchanged registry, five minutes by default."""


@dataclass
class Follower:
    """One sync at work. It remembers what it has checked, so that a quiet round costs one request."""

    options: SyncOptions
    registry: Registry
    repository: Repository
    checked: set[str] = field(default_factory=set)
    """Digests of the versions whose files were compared by this process."""
    confirmed: set[str] = field(default_factory=set)
    """Digests of the versions that the server answers rightly for."""
    settled: tuple[dict[str, int], str, Selection] | None = None
    """The registry's aliases, models.config and the selection, after the last round that went well."""
    looks_left: float = 0
    """How often `settled` is believed before versions that were left out are tried again."""

    def round(self) -> None:
        """Bring the folder to what the registry says, also where somebody has changed it meanwhile.

        Of a version that was compared before, only the folder is looked for: its files are read again by the
        next start.

        A version that cannot be served is left out and named on standard error; the others are served.

        Raises:
            RegistryError: the registry does not answer, or has no champion that can be served.
            ModelError: the champion is not what was promoted; nothing of this round was published.
            ServingError: the server did not load the new versions.
            StorageError: the disk does not take them.
        """
        aliases = read_aliases(self.registry)
        present = (aliases, self.repository.config_text(), served_so_far(self.repository))
        if self.settled == present and self.looks_left > 0:
            self.looks_left -= 1
            return
        state = read_served_state(self.registry)
        planned = plan(self.options.registered_name, state, self.options.mode)
        wanted, copied, unfit = self._copy(state, planned.selection)
        before = self._loaded()
        confirm = ServerConfirm(self.options.server, self.options.wait_s) if self.options.server else None
        done = publish(self.repository, wanted, confirm, lambda: time.sleep(self.options.interval_s))
        served, wrong = done.selection, dict(done.wrong)
        if before and done.changed and confirm is not None:
            self.confirmed |= {one.digest for one in served.versions if one.version not in before}
        self._tell(served, copied, changed=done.changed)
        if confirm is not None:
            served = self._confirm(served, confirm, wrong)
        left_out = [*planned.left_out, *map(str, unfit), *wrongness(self.repository.name, wrong)]
        _warn(left_out)
        self.repository.prune({one.version for one in served.versions} | before, self.options.keep)
        self.settled = (dict(state.aliases), self.repository.config_text(), served)
        # What the registry did not give may be there at the next look, and asking costs little.
        self.looks_left = _looks(left_out, unfit)

    def _copy(
        self, state: ServedState, wanted: Selection
    ) -> tuple[Selection, list[int], list[CbvsynthError]]:
        """Have the wanted versions on the disk: what there is of them, what was copied, and what failed."""
        copied, unfit = [], {}
        for one in wanted.versions:
            try:
                if self._ensure(state.versions[one.version]):
                    copied.append(one.version)
            except (ModelError, RegistryError) as error:
                if one.version == wanted.labels[STABLE]:
                    raise type(error)(f"{error} It is the champion, so what is served stays.") from error
                read_aliases(self.registry)  # raises where the registry itself is away: all of it stays then
                unfit[one.version] = error
        kept = {one.version for one in wanted.versions} - set(unfit)
        return restricted(wanted, kept), copied, list(unfit.values())

    def _ensure(self, version: ModelVersion) -> bool:
        if version.digest in self.checked and version.version in self.repository.present():
            return False
        copied = self.repository.ensure(
            version.version,
            Content(stored_digests(version), version.digest),
            lambda target: download_saved_model(self.registry, version, target),
        )
        self.checked.add(version.digest)
        if copied:
            self.confirmed.discard(version.digest)  # a folder that had gone: the server loads it anew
        return copied

    def _confirm(self, served: Selection, confirm: ServerConfirm, wrong: dict[int, str]) -> Selection:
        """Replay what was not replayed yet: all after a start, also of versions that were there before.

        Args:
            served: what is published.
            confirm: asks the server.
            wrong: gets the versions that the server has wrong, which are served no more.

        Returns:
            What is published afterwards.

        Raises:
            ModelError: the champion is wrong; it is not served any more either.
        """
        unconfirmed = [one.version for one in served.versions if one.digest not in self.confirmed]
        if not unconfirmed:
            return served
        found = confirm(self.repository, unconfirmed)
        if found:
            withdraw(self.repository, found)
        left = without(served, found)
        self.confirmed |= {one.digest for one in left.versions}
        right = len(unconfirmed) - len(found)
        print(f"{self.options.server} answers {right} golden requests rightly", flush=True)
        wrong |= found
        return left

    def _loaded(self) -> set[int]:
        try:
            present = self.repository.published()
        except ModelError as error:
            print(f"{error} It is written anew.", file=sys.stderr, flush=True)
            return set()
        return set() if present is None else {one.version for one in present.versions}

    def labels(self) -> dict[str, int]:
        """Each label and the version that it is on."""
        present = self.repository.published()
        return {} if present is None else dict(present.labels)

    def _tell(self, served: Selection, copied: list[int], *, changed: bool) -> None:
        labels = ", ".join(f"{label} is version {number}" for label, number in served.labels.items())
        sets = f"{len(served.patterns)} of {len(patterns_like(map(str, served.patterns)))} sets"
        state = "served now" if changed else "served as before"
        print(
            f"'{served.registered_name}': {labels}; versions loaded: {len(served.versions)}, for "
            f"{sets} of available sequences; copied: {len(copied)}; {state}",
            flush=True,
        )


def _warn(left_out: Sequence[str]) -> None:
    for sentence in left_out:
        print(f"warning: {sentence} It is left out; the others are served.", file=sys.stderr, flush=True)


def _looks(left_out: Sequence[str], unfit: Sequence[CbvsynthError]) -> float:
    """How many looks at an unchanged registry may pass before the next round."""
    if any(isinstance(error, RegistryError) for error in unfit):
        return 0
    return _LOOKS_BEFORE_RETRY if left_out else float("inf")
