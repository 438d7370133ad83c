"""Which version makes the map: the best one among those whose sequences are all usable.

Who is best is never decided here; the gate decided it, and sync published it: in selection.json and as
the server's labels `available-<pattern>`. Only a server that was set up by hand has neither; its
versions are then asked what they need.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.client.open_inference import OpenInferenceConnection
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, Combination, Sequence
from cbvsynth.errors import ModelError, RefusedError
from cbvsynth.records.selection import STABLE, Selection, ServedVersion, pattern_label
from cbvsynth.signature import Description

AnyConnection = Connection | OpenInferenceConnection
"""To a server, by either protocol."""
ALL_SEQUENCES = Combination(tuple(Sequence))


class Table(Protocol):
    """Best version by available sequences."""

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""

    def best_for(self, available: Combination) -> ServedVersion | None:
        """The best version that needs no other sequences; None when there is none."""


@dataclass(frozen=True)
class SelectionTable:
    """The table that selection.json holds."""

    selection: Selection

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""
        return f"selection.json, by {self.selection.select_by}"

    def best_for(self, available: Combination) -> ServedVersion | None:
        """As `Table.best_for`."""
        return self.selection.best_for(available)


@dataclass(frozen=True)
class LabelTable:
    """The table that the server's labels `available-<pattern>` hold."""

    connection: AnyConnection
    name: str

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""
        return "the server's labels, set from the registry"

    def best_for(self, available: Combination) -> ServedVersion | None:
        """As `Table.best_for`."""
        reference = ModelReference(self.name, label=pattern_label(available))
        try:
            return served_version(*self.connection.describe(reference))
        except RefusedError as error:
            if error.code == "INVALID_ARGUMENT":  # "Unrecognized servable version label"
                return None
            raise


@dataclass(frozen=True)
class LiveTable:
    """The loaded versions of a server whose labels say nothing about sequences.

    Scores are not known here. The stable version is preferred where its sequences are usable; else the
    version that uses most sequences, and among such the newest.
    """

    versions: tuple[ServedVersion, ...]
    stable: int

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""
        return "the loaded versions: stable first, else most sequences, else newest; scores are not known"

    def best_for(self, available: Combination) -> ServedVersion | None:
        """As `Table.best_for`."""
        usable = [one for one in self.versions if one.model.combination.usable_with(available.sequences)]
        return max(
            usable,
            key=lambda one: (one.version == self.stable, len(one.model.combination.sequences), one.version),
            default=None,
        )


@dataclass(frozen=True)
class Choice:
    """The version to use. `fallback`: a better one was passed over because a sequence is missing."""

    served: ServedVersion
    fallback: bool
    reason: str


def served_version(description: Description, version: int) -> ServedVersion:
    """A version's entry in a table, from its own description."""
    return ServedVersion(version, description.model, description.target_unit)


def table_of_server(connection: AnyConnection, name: str) -> Table:
    """The server's own table: its labels where it has them, else what its loaded versions need.

    Raises:
        ServingError: no answer, or a refusal.
        ModelError: no loaded version is a model of this project.
    """
    labels = LabelTable(connection, name)
    # The best for all sequences exists as soon as any model passed: every model can be used then.
    if _best(labels, ALL_SEQUENCES) is not None:
        return labels
    found = []
    for number in connection.live_versions(name):
        try:
            found.append(served_version(*connection.describe(ModelReference(name, number))))
        except RefusedError as error:
            if error.code not in ("FAILED_PRECONDITION", "NOT_FOUND"):  # without describe; just unloaded
                raise
    if not found:
        raise ModelError(
            f"{connection.server} serves no version of '{name}' that is a model of this project; expected "
            "what sync copies from the registry. Promote a model and sync, or check --model."
        )
    return LiveTable(tuple(found), _stable(connection, name))


def choose(table: Table, usable: Collection[Sequence], left_out: Mapping[Sequence, str]) -> Choice:
    """The best version for the usable sequences, and whether the others cost anything.

    Args:
        table: best version by available sequences.
        usable: sequences at hand, at least one.
        left_out: the others, each with the reason.

    Raises:
        ModelError: no version works with these sequences alone.
    """
    available = Combination(tuple(usable))
    served = _best(table, available)
    if served is None:
        raise ModelError(
            f"No served model makes a map from {available.label} alone ({_reasons(left_out)}). Give more "
            "sequences, or promote a model for these."
        )
    overall = _best(table, ALL_SEQUENCES)
    used = f"{served.model}, version {served.version}"
    if overall is None or overall.version == served.version:
        return Choice(served, fallback=False, reason=f"{used}, is the best of all models ({table.basis}).")
    missing = {
        sequence: left_out.get(sequence, "not given")
        for sequence in overall.model.combination.sequences
        if sequence not in available.sequences
    }
    if not missing:  # a better one for fewer sequences than all: only a table set by hand says so
        reason = f"{used}, is listed as the best for {available.label} ({table.basis})."
        return Choice(served, fallback=False, reason=reason)
    reason = (
        f"{used}, is the best for {available.label} ({table.basis}). It stands in for {overall.model}, "
        f"version {overall.version}, which also needs what is missing here: {_reasons(missing)}."
    )
    return Choice(served, fallback=True, reason=reason)


def _best(table: Table, available: Combination) -> ServedVersion | None:
    """The best version; a table of models that read no optional sequence has no line for sets with one."""
    found = table.best_for(available)
    usual = tuple(name for name in available.sequences if name not in OPTIONAL_SEQUENCES)
    if found is None and usual and len(usual) < len(available.sequences):
        return table.best_for(Combination(usual))
    return found


def insist(served: ServedVersion, usable: Collection[Sequence], left_out: Mapping[Sequence, str]) -> Choice:
    """The version that a person asked for, if its sequences are usable.

    Raises:
        ModelError: it needs a sequence that is not usable.
    """
    missing = {
        sequence: left_out.get(sequence, "not given")
        for sequence in served.model.combination.sequences
        if sequence not in usable
    }
    if missing:
        raise ModelError(
            f"Version {served.version}, {served.model}, was asked for and needs what is missing here: "
            f"{_reasons(missing)}. Leave --version and --label out to use the best model for the others."
        )
    return Choice(served, fallback=False, reason=f"{served.model}, version {served.version}, was asked for.")


def _stable(connection: AnyConnection, name: str) -> int:
    try:
        return connection.describe(ModelReference(name, label=STABLE))[1]
    except RefusedError as error:
        if error.code not in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
            raise
        return 0


def _reasons(left_out: Mapping[Sequence, str]) -> str:
    return (
        "; ".join(f"{sequence.label}: {reason}" for sequence, reason in left_out.items()) or "none left out"
    )
