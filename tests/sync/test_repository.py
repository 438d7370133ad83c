"""A version's folder is there whole and right, or not at all."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from cbvsynth.errors import ModelError, StorageError, UsageError
from cbvsynth.records.storage import sha256_tree
from cbvsynth.sync.publish import publish
from cbvsynth.sync.repository import Content, Repository
from tests.sync.model_folders import content_of, fetch_from, filled, selection, write_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_model(tmp_path / "source", 7)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "models", "cbvsynth", "/models")
    with made.lock():
        return made


def test_a_version_is_copied_once_and_is_the_same_byte_for_byte(source: Path, repository: Repository) -> None:
    content = content_of(source)
    assert repository.ensure(7, content, fetch_from(source))
    assert not repository.ensure(7, content, fetch_from(source))
    assert sha256_tree(repository.folder / "7") == content.sha256
    assert [path.name for path in repository.folder.iterdir()] == ["7"]


def flip(folder: Path) -> None:
    path = folder / "variables/variables.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (flip, "'variables/variables.data-00000-of-00001' differs"),
        (lambda folder: (folder / "assets.extra/golden.npz").unlink(), "golden.npz' is missing"),
        (lambda folder: (folder / "variables/variables.index").write_text("new"), "variables.index' is new"),
        (lambda folder: (folder / "notes.txt").write_text("new"), "holds 'notes.txt'"),
        (lambda folder: (folder / "saved_model.pb").unlink(), "there is no saved_model.pb"),
    ],
)
def test_what_is_not_as_promoted_is_never_published(
    source: Path, repository: Repository, damage, words: str
) -> None:
    content = content_of(source)
    damage(source)
    with pytest.raises(ModelError, match=words):
        repository.ensure(7, content, fetch_from(source))
    assert list(repository.folder.iterdir()) == []


def test_a_program_that_reads_files_is_refused_even_where_its_digest_was_stored(
    source: Path, repository: Repository
) -> None:
    """TensorFlow Serving would run it for whoever asks."""
    node = b"\x12\x08ReadFile"
    graph = b"\x0a" + bytes([len(node)]) + node
    meta = b"\x12" + bytes([len(graph)]) + graph
    (source / "saved_model.pb").write_bytes(b"\x12" + bytes([len(meta)]) + meta)
    with pytest.raises(ModelError, match="Version 7 of 'cbvsynth': the model holds the operations ReadFile"):
        repository.ensure(7, content_of(source), fetch_from(source))
    assert list(repository.folder.iterdir()) == []


@pytest.mark.parametrize("program", [b"", b"no program", b"\x12\x00\x12\x00"])
def test_what_is_no_program_is_refused(source: Path, repository: Repository, program: bytes) -> None:
    (source / "saved_model.pb").write_bytes(program)
    with pytest.raises(ModelError, match=r"saved_model\.pb (is missing or damaged|holds \d graphs)"):
        repository.ensure(7, content_of(source), fetch_from(source))


@pytest.mark.parametrize("content", [Content({}, ""), None])
def test_a_version_without_a_true_list_of_digests_is_refused(
    source: Path, repository: Repository, content: Content | None
) -> None:
    stored = content or Content(content_of(source).sha256, "another digest")
    with pytest.raises(ModelError, match="It was not published"):
        repository.ensure(7, stored, fetch_from(source))


def test_a_published_folder_that_was_damaged_is_replaced(source: Path, repository: Repository) -> None:
    content = content_of(source)
    repository.ensure(7, content, fetch_from(source))
    flip(repository.folder / "7")
    assert repository.ensure(7, content, fetch_from(source))
    assert sha256_tree(repository.folder / "7") == content.sha256


def test_what_a_killed_run_left_is_removed_at_the_next_start(source: Path, repository: Repository) -> None:
    repository.ensure(7, content_of(source), fetch_from(source))
    write_model(repository.folder / ".incoming-8", 8)
    write_model(repository.folder / ".outgoing-6.0a0b0c0d", 6)
    (repository.root / ".models.config.12345678.config").write_text("half")
    with repository.lock():
        assert [path.name for path in repository.folder.iterdir()] == ["7"]
    assert not list(repository.root.glob(".models.config.*"))


def test_a_second_sync_in_the_same_folder_is_refused(repository: Repository) -> None:
    twin = Repository(repository.root, "cbvsynth", "/models")
    with repository.lock(), pytest.raises(StorageError, match="Another sync works"), twin.lock():
        pass


def test_old_versions_go_but_for_the_newest_and_the_needed(tmp_path: Path) -> None:
    repository = filled(tmp_path / "models", 1, 2, 3, 4, 5)
    assert repository.prune(needed={1, 5}, keep=2) == (2,)
    assert repository.present() == (1, 3, 4, 5)
    assert repository.prune(needed={1, 5}, keep=0) == (3, 4)
    assert repository.prune(needed={1, 5}, keep=0) == ()
    assert sorted(path.name for path in repository.folder.iterdir()) == ["1", "5"]


def test_a_folder_of_another_registered_model_is_left_alone(tmp_path: Path) -> None:
    repository = filled(tmp_path / "models", 1)
    publish(repository, selection(1, stable=1), None, lambda: None)
    with pytest.raises(UsageError, match="of the registered model 'cbvsynth', expected 'other'"):
        Repository(repository.root, "other", "/models").published()


def test_a_full_disk_publishes_nothing_and_leaves_nothing(source: Path, repository: Repository) -> None:
    """The limit on a file's size stands in for a full disk: both refuse to write in the middle."""
    content = content_of(source)
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, former[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            repository.ensure(7, content, fetch_from(source))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert list(repository.folder.iterdir()) == []


_CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.copyfile"}


def _update_and_die(repository: Repository, source: Path, at: int) -> int:
    """In a child process: go from version 6 to 7, and be killed just before the given file operation."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _CHANGES and str(repository.root) in str(arguments):
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            content = content_of(source)
            sys.addaudithook(count)
            with repository.lock():
                repository.ensure(7, content, fetch_from(source))
                publish(repository, selection(6, 7, stable=7, previous=6), None, lambda: None)
                repository.prune({6, 7}, 0)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


@pytest.mark.slow
def test_killed_at_any_moment_what_is_served_is_whole_and_the_next_run_finishes(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source", 7)
    wanted = selection(6, 7, stable=7, previous=6)
    for at in range(1, 400):
        repository = filled(tmp_path / str(at) / "models", 5, 6)
        publish(repository, selection(5, 6, stable=6, previous=5), None, lambda: None)
        status = _update_and_die(repository, source, at)
        if status == 0:
            break
        assert status == signal.SIGKILL
        named = [line.split()[-1] for line in repository.config_text().splitlines() if "value:" in line]
        assert named
        assert all((repository.folder / number / "saved_model.pb").is_file() for number in named)
        if 7 in repository.present():
            assert sha256_tree(repository.folder / "7") == sha256_tree(source)
        assert repository.published() is not None
        assert _update_and_die(repository, source, at=10_000) == 0
        assert repository.published() == wanted
        assert repository.config_text() == repository.config(wanted).to_text()
        assert repository.present() == (6, 7)
    assert status == 0
    assert at > 30
