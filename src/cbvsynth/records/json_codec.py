"""The one way in and out for the JSON files that we write: each holds a frozen dataclass.

Values are checked on reading as strictly as by a type checker: an integer may stand where a float is
asked for, and nothing else is converted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from cbvsynth.errors import CbvsynthError, DataError, ResultError
from cbvsynth.records.storage import write_json

_VERSION = "format"

Record = TypeVar("Record")


@dataclass(frozen=True)
class JsonFile(Generic[Record]):
    """One kind of file.

    kind: dataclass that it holds.
    name: what it is, as in ``the summary of a trained model``.
    maker: the command that writes it, as in ``train``.
    remedy: what to do when it is damaged; by default to run its maker again.
    version: number that stands first in the file as ``format``; 0 where the file has none.
    derived: properties of `kind` that are written before its fields, for readers who do not compute
        them, and must agree with the fields on reading.
    outside: fields of `kind` that are not in the file; whoever reads it supplies them.
    open_ended: whether fields that `kind` does not have are ignored instead of refused.
    error: what is raised.
    """

    kind: type[Record]
    name: str
    maker: str
    remedy: str = ""
    version: int = 0
    derived: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    open_ended: bool = False
    error: type[DataError] = ResultError

    def write(self, path: Path, record: Record) -> None:
        """Write a record atomically: its fields in their order, two spaces of indent, UTF-8."""
        write_json(path, self.content(record))

    def content(self, record: Record) -> dict[str, Any]:
        """What is written, as JSON values."""
        fields = {name: value for name, value in to_json(record).items() if name not in self.outside}
        version = {_VERSION: self.version} if self.version else {}
        return {**version, **{name: getattr(record, name) for name in self.derived}, **fields}

    def read(self, path: Path, **outside: object) -> Record:
        """Read what `write` wrote.

        Raises:
            DataError: of the kind `error`: the file is missing, damaged, of another format, or
                contradicts itself.
        """
        record = self.read_if_there(path, **outside)
        if record is None:
            raise self.error(f"{path} does not exist; run {self.maker} first.")
        return record

    def read_if_there(self, path: Path, **outside: object) -> Record | None:
        """As `read`; None where there is no file."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return self.decode(data, str(path), **outside)

    def decode(self, data: bytes, place: str, **outside: object) -> Record:
        """A record from the bytes of a file; `place` is what messages call it.

        Raises:
            DataError: as `read`.
        """
        try:
            content = msgspec.json.decode(data, type=dict[str, Any])
            if self.version:
                _take_version(content, self.version)
            derived = {name: content.pop(name, None) for name in self.derived}
            record = msgspec.convert({**content, **outside}, self.kind, str_keys=True)
            if not self.open_ended:
                _refuse_unknown(content, to_json(record))
            _refuse_contradictions(derived, record)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, CbvsynthError) as error:
            remedy = self.remedy or f"Run {self.maker} again."
            raise self.error(
                f"{place} is not {self.name} ({error}); expected what {self.maker} wrote. {remedy}"
            ) from error
        return record


def to_json(record: object) -> dict[str, Any]:
    """A dataclass as JSON values: enumerations by value, mappings and nested dataclasses as objects."""
    content: dict[str, Any] = msgspec.to_builtins(record, str_keys=True, enc_hook=_plain)
    return content


def _plain(value: Any) -> object:  # noqa: ANN401  # whatever msgspec does not know
    """NumPy's numbers as Python's; a path, which stands `outside`, as text."""
    return str(value) if isinstance(value, Path) else value.item()


def _take_version(content: dict[str, Any], expected: int) -> None:
    if _VERSION not in content:
        raise msgspec.ValidationError(f"Object missing required field `{_VERSION}`")
    found = content.pop(_VERSION)
    if found != expected:
        raise msgspec.ValidationError(f"has format {found}, expected {expected}")


def _refuse_unknown(found: object, known: object, place: str = "$") -> None:
    """Refuse fields that the dataclass does not have; msgspec ignores them."""
    if isinstance(found, dict) and isinstance(known, dict):
        for name, value in found.items():
            if name not in known:
                raise msgspec.ValidationError(f"Object has unknown field `{name}` - at `{place}`")
            _refuse_unknown(value, known[name], f"{place}.{name}")
    elif isinstance(found, list) and isinstance(known, list | tuple):
        for number, (value, kept) in enumerate(zip(found, known, strict=True)):
            _refuse_unknown(value, kept, f"{place}[{number}]")


def _refuse_contradictions(stated: dict[str, Any], record: object) -> None:
    for name, value in stated.items():
        if value != getattr(record, name):
            raise msgspec.ValidationError(
                f"contradicts itself: `{name}` is {json.dumps(value)}, the other fields say "
                f"{json.dumps(getattr(record, name))}"
            )
