"""The journal: what is in it is on the disk, and a step is done whole or not at all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from threading import Thread

import pytest

from cbvsynth.errors import StorageError, UsageError
from cbvsynth.node.journal import FILE, Journal, Object, State, read_rows

OBJECTS = [Object("2.25.1", "studies/a/map-1/x.dcm", 10), Object("2.25.2", "studies/a/map-1/y.dcm", 20)]


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path)
    yield made
    made.close()


def receive(journal: Journal, study: str = "a", count: int = 2, now: float = 100.0) -> None:
    for number in range(count):
        journal.receive(study, f"i{number}", 100, "PACS", now)


def test_a_study_is_taken_when_it_has_been_quiet(journal):
    receive(journal, now=100.0)
    assert journal.take(10.0, 109.9) is None
    journal.receive("a", "late", 1, "PACS", 105.0)
    assert journal.take(10.0, 114.9) is None
    work = journal.take(10.0, 115.0)
    assert (work.number, work.digest, work.attempts, work.missing) == (1, "a", 1, 0)
    assert journal.take(10.0, 1000.0) is None, "it is being worked on"


def test_a_clock_that_is_put_back_makes_nothing_wait(journal):
    """Times must outlive a restart, so that they are of the clock that people set."""
    receive(journal, now=1_000_000.0)
    journal.later(journal.take(10.0, 1_000_010.0), "away", 1_000_020.0, counted=False)
    assert journal.take(10.0, 500.0) is None
    assert journal.take(10.0, 510.0) is not None


def test_the_same_object_again_changes_nothing_but_the_clock(journal):
    receive(journal, now=100.0)
    receive(journal, now=200.0)
    (row,) = journal.rows()
    assert (row.instances, row.received, journal.bytes_here) == (2, 200.0, 200)


def test_a_result_is_of_what_had_come_or_void(journal):
    receive(journal)
    work = journal.take(0.0, 200.0)
    journal.receive("a", "late", 1, "PACS", 200.0)
    assert not journal.made(work, "i", OBJECTS, 201.0)
    journal.failed(work, "late", 201.0)
    assert journal.rows()[0].state is State.RECEIVING
    assert journal.made(journal.take(0.0, 202.0), "i", OBJECTS, 203.0)
    assert journal.rows()[0].state is State.MADE


def test_objects_are_sent_once_and_a_result_is_over_when_all_are(journal):
    receive(journal)
    journal.made(journal.take(0.0, 200.0), "i", OBJECTS, 201.0)
    assert journal.to_send(202.0) == (1, tuple(OBJECTS), 0)
    journal.sent("2.25.1")
    journal.send_later(1, "away", 300.0)
    assert journal.to_send(299.0) is None
    assert journal.to_send(300.0) == (1, (OBJECTS[1],), 1)
    journal.sent("2.25.2")
    journal.all_sent(1, 301.0)
    (row,) = journal.rows()
    assert (row.state, row.sent, row.reason, row.attempts) == (State.SENT, 2, "", 0)


def test_files_go_when_they_are_over_and_rows_later(journal):
    receive(journal)
    receive(journal, "b")
    journal.made(journal.take(0.0, 200.0), "i", OBJECTS, 201.0)
    journal.failed(journal.take(0.0, 200.0), "no T1", 201.0)
    for one in OBJECTS:
        journal.sent(one.sop_uid)
    journal.all_sent(1, 202.0)
    assert journal.files() == {(study, f"i{number}") for study in "ab" for number in (0, 1)}
    assert journal.let_go(203.0, 0.0) == ["a"]
    assert journal.bytes_here == 200
    assert journal.results() == set()
    assert journal.forget(1000.0) == 1, "the failed one still has its images"
    assert journal.let_go(203.0, 203.0) == ["b"]
    assert journal.forget(1000.0) == 1
    assert journal.rows() == []


def test_numbers_are_never_given_twice(journal):
    receive(journal)
    journal.failed(journal.take(0.0, 200.0), "no T1", 201.0)
    journal.let_go(0.0, 300.0)
    journal.forget(300.0)
    receive(journal, "b")
    assert journal.rows()[0].number == 2


def test_many_threads_write_and_another_process_reads(journal, tmp_path):
    threads = [Thread(target=receive, args=(journal, f"s{number}", 10)) for number in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert all(row.instances <= 10 for row in read_rows(tmp_path))
    assert [row.instances for row in read_rows(tmp_path)] == [10] * 8


WRITER = """
import sys
from pathlib import Path
from cbvsynth.node.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    journal.receive("a", f"i{number}", 1, "PACS", 1.0)
    number += 1
    print(number, flush=True)
"""


def test_what_was_answered_for_is_there_after_sigkill(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        while int(process.stdout.readline()) < 20:
            pass
        os.kill(process.pid, signal.SIGKILL)
        told = [20, *(int(line) for line in process.stdout if line.endswith("\n"))][-1]
    assert read_rows(tmp_path)[0].instances in (told, told + 1)
    journal = Journal(tmp_path)
    assert journal.instances_of("a") in (told, told + 1)
    journal.close()


def test_no_journal_is_said(tmp_path):
    with pytest.raises(UsageError, match="holds no journal of a node"):
        read_rows(tmp_path)


def test_another_file_in_its_place_is_said(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match="cannot be read"):
        Journal(tmp_path)
    with pytest.raises(StorageError, match="cannot be read"):
        read_rows(tmp_path)


def test_a_journal_of_another_version_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(StorageError, match="has version 9; expected 1"):
        Journal(tmp_path)


def test_a_change_that_fails_is_none(journal):
    receive(journal)
    work = journal.take(0.0, time.time())
    with pytest.raises(sqlite3.IntegrityError):
        journal.made(work, "i", [OBJECTS[0], OBJECTS[0]], 1.0)
    assert journal.rows()[0].state is State.WORKING
    assert journal.made(work, "i", OBJECTS, 1.0)
