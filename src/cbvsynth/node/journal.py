r"""What has come, what was made of it and what was sent, in one SQLite file on the disk.

A row is written before the sender is told that an object is taken, and before an object of ours is sent; each
change is flushed to the disk. No name, number or identifier of a patient is in it: studies and objects are
known by keyed hashes of their UIDs.

    receiving -> working -> made -> sent
                        \-> failed

What comes for a study that is being worked on makes the work void; what comes later opens it again. A result
whose files are lost before they are sent is made again, or the study has failed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import RLock
from typing import Any

from cbvsynth.errors import StorageError, UsageError
from cbvsynth.node.settings import LONGEST_WAIT_S

FILE = "journal.sqlite"
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS studies(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0,
    maps INTEGER NOT NULL DEFAULT 0,
    inputs TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0,
    received REAL NOT NULL,
    changed REAL NOT NULL,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS instances(
    study INTEGER NOT NULL REFERENCES studies(number) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    here INTEGER NOT NULL,
    PRIMARY KEY(study, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects(
    study INTEGER NOT NULL REFERENCES studies(number) ON DELETE CASCADE,
    sop_uid TEXT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sent INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_of ON objects(study);
"""


class State(StrEnum):
    """How far a study has come."""

    RECEIVING = "receiving"
    WORKING = "working"
    MADE = "made"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Work:
    """A study to make a map of.

    revision: what it was when it was taken; a result of another one is void.
    attempts: how often it was begun, this time included. maps: how many were made before.
    inputs: digest of the images that the last map was made of; empty where there is none.
    missing: objects that came once and were deleted since.
    """

    number: int
    digest: str
    revision: int
    attempts: int
    maps: int
    inputs: str
    missing: int


@dataclass(frozen=True)
class Object:
    """One file to send. path: relative to the node's folder."""

    sop_uid: str
    path: str
    bytes: int


@dataclass(frozen=True)
class Row:
    """What is told of a study. instances: objects received; here: of them on the disk."""

    number: int
    digest: str
    sender: str
    state: State
    maps: int
    attempts: int
    next_attempt: float
    received: float
    changed: float
    reason: str
    instances: int
    here: int
    objects: int
    sent: int


class Journal:
    """The file, for all threads of the one process that writes it."""

    def __init__(self, folder: Path) -> None:
        self._lock = RLock()
        self._database = _open(folder / FILE)
        self._database.executescript(_SCHEMA)
        self._bytes = self._sum_of_bytes()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    @property
    def bytes_here(self) -> int:
        """What images and results take on the disk."""
        return self._bytes

    def recover(self) -> None:
        """Put back what a killed process was working on."""
        with self._change() as database:
            database.execute("UPDATE studies SET state = ? WHERE state = ?", (State.RECEIVING, State.WORKING))

    # --- receiving ----------------------------------------------------------------------------------

    def instances_of(self, study: str) -> int:
        """How many objects of a study have come."""
        with self._lock:
            found = self._database.execute(
                "SELECT count(*) FROM instances JOIN studies ON study = number WHERE studies.digest = ?",
                (study,),
            ).fetchone()
        return int(found[0])

    def has(self, study: str, instance: str) -> bool:
        """Whether an object lies on the disk already, of a study that has not failed."""
        with self._lock:
            return (
                self._database.execute(
                    "SELECT 1 FROM instances JOIN studies ON study = number"
                    " WHERE studies.digest = ? AND instances.digest = ? AND here AND state != ?",
                    (study, instance, State.FAILED),
                ).fetchone()
                is not None
            )

    def receive(self, study: str, instance: str, size: int, sender: str, now: float) -> None:
        """Note an object whose file lies on the disk; after this its sender may be told so."""
        with self._change() as database:
            row = database.execute("SELECT number, state FROM studies WHERE digest = ?", (study,)).fetchone()
            if row is None:
                row = database.execute(
                    "INSERT INTO studies(digest, sender, state, revision, received, changed)"
                    " VALUES(?, ?, ?, 0, ?, ?) RETURNING number, state",
                    (study, sender, State.RECEIVING, now, now),
                ).fetchone()
            number, state = row
            known = database.execute(
                "SELECT bytes, here FROM instances WHERE study = ? AND digest = ?", (number, instance)
            ).fetchone()
            if known is not None and known[1] and state != State.FAILED:
                database.execute(
                    "UPDATE studies SET received = ? WHERE number = ? AND state = ?",
                    (now, number, State.RECEIVING),
                )
                return
            database.execute(
                "INSERT OR REPLACE INTO instances(study, digest, bytes, here) VALUES(?, ?, ?, 1)",
                (number, instance, size),
            )
            # One whose map is being sent is looked at again when all of it has gone.
            database.execute(
                "UPDATE studies SET revision = revision + 1, received = ?, sender = ?, changed = ?,"
                " state = CASE state WHEN 'made' THEN state ELSE 'receiving' END,"
                " attempts = CASE state WHEN 'made' THEN attempts ELSE 0 END,"
                " next_attempt = CASE state WHEN 'made' THEN next_attempt ELSE 0 END,"
                " reason = CASE state WHEN 'made' THEN reason ELSE '' END WHERE number = ?",
                (now, sender, now, number),
            )
            self._bytes += size - (known[0] if known is not None and known[1] else 0)

    # --- working ------------------------------------------------------------------------------------

    def take(self, quiet_s: float, now: float) -> Work | None:
        """The study to work on next, if one has been quiet for long enough; one begun often comes last."""
        self.mend_times(now)
        with self._change() as database:
            found = database.execute(
                "SELECT number, digest, revision, attempts + 1, maps, inputs,"
                " (SELECT count(*) FROM instances WHERE study = number AND NOT here) FROM studies"
                " WHERE state = ? AND received <= ? AND next_attempt <= ?"
                " ORDER BY attempts, received LIMIT 1",
                (State.RECEIVING, now - quiet_s, now),
            ).fetchone()
            if found is None:
                return None
            database.execute(
                "UPDATE studies SET state = ?, attempts = attempts + 1, changed = ? WHERE number = ?",
                (State.WORKING, now, found[0]),
            )
        return Work(*found)

    def mend_times(self, now: float) -> None:
        """Where the machine's clock was put back, nothing waits for a time that will come only much later."""
        with self._change() as database:
            database.execute("UPDATE studies SET received = ? WHERE received > ?", (now, now))
            database.execute(
                "UPDATE studies SET next_attempt = ? WHERE next_attempt > ?", (now, now + LONGEST_WAIT_S)
            )

    def made(self, work: Work, inputs: str, objects: Sequence[Object], now: float) -> bool:
        """Note a result, before anything of it is sent; whether it is still of what has come."""
        with self._change() as database:
            if not self._still(work):
                return False
            database.executemany(
                "INSERT INTO objects(study, sop_uid, path, bytes, sent) VALUES(?, ?, ?, ?, 0)",
                [(work.number, one.sop_uid, one.path, one.bytes) for one in objects],
            )
            database.execute(
                "UPDATE studies SET state = ?, answered = revision, maps = maps + 1, inputs = ?,"
                " attempts = 0, next_attempt = 0, reason = '', changed = ? WHERE number = ?",
                (State.MADE, inputs, now, work.number),
            )
            self._bytes += sum(one.bytes for one in objects)
        return True

    def nothing_new(self, work: Work, now: float) -> None:
        """What came late changes no image that the map was made of."""
        self._end(work, State.SENT, "", now)

    def failed(self, work: Work, reason: str, now: float) -> None:
        """No map can be made of what has come."""
        self._end(work, State.FAILED, reason, now)

    def later(self, work: Work, reason: str, next_attempt: float, *, counted: bool) -> None:
        """It was not the study's fault, or may not have been: once more at a stated time."""
        with self._change() as database:
            if self._still(work):
                database.execute(
                    "UPDATE studies SET state = ?, reason = ?, next_attempt = ?, attempts = attempts - ?"
                    " WHERE number = ?",
                    (State.RECEIVING, reason, next_attempt, 0 if counted else 1, work.number),
                )

    def _end(self, work: Work, state: State, reason: str, now: float) -> None:
        with self._change() as database:
            if self._still(work):
                database.execute(
                    "UPDATE studies SET state = ?, answered = revision, attempts = 0, next_attempt = 0,"
                    " reason = ?, changed = ? WHERE number = ?",
                    (state, reason, now, work.number),
                )

    def _still(self, work: Work) -> bool:
        found = self._database.execute(
            "SELECT 1 FROM studies WHERE number = ? AND revision = ? AND state = ?",
            (work.number, work.revision, State.WORKING),
        ).fetchone()
        return found is not None

    # --- sending ------------------------------------------------------------------------------------

    def to_send(self, now: float) -> tuple[int, tuple[Object, ...], int] | None:
        """Number, files not sent yet and tries so far of the result whose turn it is."""
        with self._lock:
            found = self._database.execute(
                "SELECT number, attempts FROM studies WHERE state = ? AND next_attempt <= ?"
                " ORDER BY next_attempt, number LIMIT 1",
                (State.MADE, now),
            ).fetchone()
            if found is None:
                return None
            rows = self._database.execute(
                "SELECT sop_uid, path, bytes FROM objects WHERE study = ? AND NOT sent ORDER BY path",
                (found[0],),
            ).fetchall()
        return found[0], tuple(Object(*row) for row in rows), found[1]

    def sent(self, sop_uid: str) -> None:
        """The PACS said that it has an object."""
        with self._change() as database:
            database.execute("UPDATE objects SET sent = 1 WHERE sop_uid = ?", (sop_uid,))

    def all_sent(self, number: int, now: float) -> None:
        """Nothing of a result is left to be sent; what came meanwhile is looked at now."""
        with self._change() as database:
            database.execute(
                "UPDATE studies SET state = CASE WHEN revision = answered THEN 'sent' ELSE 'receiving' END,"
                " attempts = 0, next_attempt = 0, reason = '', changed = ? WHERE number = ? AND state = ?",
                (now, number, State.MADE),
            )

    def send_later(self, number: int, reason: str, next_attempt: float) -> None:
        """The PACS did not take everything."""
        with self._change() as database:
            database.execute(
                "UPDATE studies SET attempts = attempts + 1, next_attempt = ?, reason = ?"
                " WHERE number = ? AND state = ?",
                (next_attempt, reason, number, State.MADE),
            )

    def make_again(self, number: int, now: float) -> bool:
        """A result's files are lost: put its study back, unless the PACS has a part; whether that was done.

        What is made again are other objects, which beside a part of the first would be a second map.
        """
        with self._change() as database:
            if _is_sent_in_part(database, number):
                return False
            self._drop_unsent(database, number)
            database.execute(
                "UPDATE studies SET state = ?, maps = maps - 1, changed = ? WHERE number = ? AND state = ?",
                (State.RECEIVING, now, number, State.MADE),
            )
        return True

    def lost(self, number: int, reason: str, now: float) -> None:
        """A result's files are lost; it is made again when the study is sent again, or more of it came."""
        with self._change() as database:
            made = int(_is_sent_in_part(database, number))
            self._drop_unsent(database, number)
            database.execute(
                "UPDATE studies SET state = CASE WHEN revision = answered THEN 'failed' ELSE 'receiving' END,"
                " maps = maps - 1 + ?, reason = ?, changed = ? WHERE number = ? AND state = ?",
                (made, reason, now, number, State.MADE),
            )

    def _drop_unsent(self, database: sqlite3.Connection, number: int) -> None:
        """Forget a result: its objects, of what it was made, and how often it was tried to send it."""
        database.execute("DELETE FROM objects WHERE study = ? AND NOT sent", (number,))
        database.execute(
            "UPDATE studies SET inputs = '', attempts = 0, next_attempt = 0, reason = '' WHERE number = ?",
            (number,),
        )
        self._bytes = self._sum_of_bytes()

    # --- keeping ------------------------------------------------------------------------------------

    def let_go(self, sent_before: float, failed_before: float) -> list[str]:
        """Digests of studies whose files may be deleted now; the journal holds them for deleted."""
        old = "(state = 'sent' AND changed < ?) OR (state = 'failed' AND changed < ?)"
        with self._change() as database:
            found = database.execute(
                f"SELECT number, digest FROM studies WHERE ({old}) AND (EXISTS(SELECT 1 FROM instances"  # noqa: S608  a constant
                " WHERE study = number AND here) OR EXISTS(SELECT 1 FROM objects WHERE study = number))",
                (sent_before, failed_before),
            ).fetchall()
            for number, _ in found:
                database.execute("UPDATE instances SET here = 0 WHERE study = ?", (number,))
                database.execute("DELETE FROM objects WHERE study = ?", (number,))
            self._bytes = self._sum_of_bytes()
        return [digest for _, digest in found]

    def forget(self, before: float) -> int:
        """Remove the rows of studies that are over and without files; how many."""
        with self._change() as database:
            return database.execute(
                "DELETE FROM studies WHERE state IN ('sent', 'failed') AND changed < ? AND NOT EXISTS("
                "SELECT 1 FROM instances WHERE study = number AND here)",
                (before,),
            ).rowcount

    def files(self) -> set[tuple[str, str]]:
        """Study and object, by digest, of every object that must lie on the disk."""
        with self._lock:
            return set(
                self._database.execute(
                    "SELECT studies.digest, instances.digest FROM instances JOIN studies ON study = number"
                    " WHERE here"
                )
            )

    def results(self) -> set[str]:
        """Paths of every file of a result that must lie on the disk."""
        with self._lock:
            return {path for (path,) in self._database.execute("SELECT path FROM objects")}

    def rows(self) -> list[Row]:
        """Every study, in the order in which they came."""
        with self._lock:
            return _rows(self._database)

    def _sum_of_bytes(self) -> int:
        (received,) = self._database.execute(
            "SELECT coalesce(sum(bytes), 0) FROM instances WHERE here"
        ).fetchone()
        (made,) = self._database.execute("SELECT coalesce(sum(bytes), 0) FROM objects").fetchone()
        return int(received + made)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One change, on the disk when the block is left, or none."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:  # what is in the block failed, or the disk is full
                    self._database.execute("ROLLBACK")


def read_rows(folder: Path) -> list[Row]:
    """Every study of a journal that another process may be writing.

    Raises:
        UsageError: there is no journal.
        StorageError: it cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise UsageError(
            f"'{folder}' holds no journal of a node; expected the --folder with which 'cbvsynth node' runs."
        )
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            return _rows(database)
        finally:
            database.close()
    except sqlite3.DatabaseError as error:
        raise StorageError(_unreadable(error)) from error


def _open(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except sqlite3.DatabaseError as error:
        raise StorageError(_unreadable(error)) from error
    if version not in (0, SCHEMA_VERSION):
        raise StorageError(
            f"The node's journal has version {version}; expected {SCHEMA_VERSION}. It was written by another "
            "version of cbvsynth: use that one, or another --folder."
        )
    return database


def _unreadable(error: sqlite3.DatabaseError) -> str:
    return (
        f"The node's journal cannot be read ({error}); expected {FILE} as the node writes it. Bring it back "
        "from a backup, or give another --folder."
    )


def _is_sent_in_part(database: sqlite3.Connection, number: int) -> bool:
    """Whether the PACS has objects of the result that is being sent; each result has a folder of its own."""
    found = database.execute("SELECT path, sent FROM objects WHERE study = ?", (number,)).fetchall()
    folders = {is_sent: {path.split("/")[2] for path, sent in found if sent == is_sent} for is_sent in (0, 1)}
    return bool(folders[0] & folders[1])


def _rows(database: sqlite3.Connection) -> list[Row]:
    found = database.execute(
        "SELECT number, digest, sender, state, maps, attempts, next_attempt, received, changed, reason,"
        " (SELECT count(*) FROM instances WHERE study = number),"
        " (SELECT coalesce(sum(here), 0) FROM instances WHERE study = number),"
        " (SELECT count(*) FROM objects WHERE study = number),"
        " (SELECT coalesce(sum(sent), 0) FROM objects WHERE study = number) FROM studies ORDER BY number"
    ).fetchall()
    place = 3  # of the state
    values: list[list[Any]] = [[*row[:place], State(row[place]), *row[place + 1 :]] for row in found]
    return [Row(*row) for row in values]
