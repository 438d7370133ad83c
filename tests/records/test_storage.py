"""Atomic writing under exceptions, full disks, kills in the worst moment, and careless folders."""

import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cbvsynth.errors import StorageError
from cbvsynth.records.storage import (
    atomic_file,
    atomic_folder,
    sha256_of,
    sha256_tree,
    tree_digest,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def fill(folder: Path, content: str) -> None:
    with atomic_folder(folder) as temporary:
        (temporary / "a.txt").write_text(content, encoding="utf-8")
        (temporary / "deep").mkdir()
        (temporary / "deep" / "b.txt").write_text(content * 2, encoding="utf-8")


def content_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


OLD = {"a.txt": "old", "deep/b.txt": "oldold"}
NEW = {"a.txt": "new", "deep/b.txt": "newnew"}


def write_half_a_file(target: Path, failure: type[BaseException]) -> None:
    with atomic_file(target) as temporary:
        temporary.write_text("half of the new", encoding="utf-8")
        raise failure


def write_half_a_folder(target: Path, failure: type[BaseException]) -> None:
    with atomic_folder(target) as temporary:
        (temporary / "a.txt").write_text("half of the new", encoding="utf-8")
        raise failure


@contextmanager
def umask(mask: int) -> Iterator[None]:
    former = os.umask(mask)
    try:
        yield
    finally:
        os.umask(former)


def run_program(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Files


def test_a_file_appears_whole_and_alone(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "folder" / "a.txt", "Größe 7 µL\n")
    assert (tmp_path / "new" / "folder" / "a.txt").read_bytes() == "Größe 7 µL\n".encode()
    assert names(tmp_path / "new" / "folder") == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_keeps_the_former_file_and_leaves_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(failure):
        write_half_a_file(target, failure)
    assert target.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_readers_see_the_former_file_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with atomic_file(target) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert target.read_text(encoding="utf-8") == "old"
    assert target.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("name", ["cbv.nii.gz", "table.csv", "README", "a.b.npy"])
def test_the_temporary_name_is_hidden_and_ends_like_the_target(tmp_path: Path, name: str) -> None:
    """It used to end in .gz for .nii.gz, from which NIfTI writers cannot tell the format."""
    with atomic_file(tmp_path / name) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(f".{name}.")
        assert temporary.suffixes[-len(Path(name).suffixes) :] == Path(name).suffixes or "." not in name


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_and_folders_have_the_permissions_of_any_other(tmp_path: Path, mask: int, mode: int) -> None:
    with umask(mask):
        write_text(tmp_path / "a.txt", "x")
        fill(tmp_path / "folder", "x")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~mask


def test_writing_does_not_touch_the_umask_that_other_threads_work_under(tmp_path: Path) -> None:
    """The umask used to be read by setting it to 0 for a moment, in which other threads made open files."""
    stop, modes = threading.Event(), set()

    def make_files() -> None:
        number = 0
        while not stop.is_set():
            path = tmp_path / "others" / str(number)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
            modes.add(stat.S_IMODE(path.stat().st_mode))
            path.unlink()
            number += 1

    (tmp_path / "others").mkdir()
    with umask(0o077):
        thread = threading.Thread(target=make_files)
        thread.start()
        for _ in range(100):
            write_text(tmp_path / "a.txt", "x")
        stop.set()
        thread.join()
    assert modes == {0o600}


def test_a_folder_in_the_place_of_the_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(StorageError, match=r"is a folder; expected a file"), atomic_file(tmp_path / "a.txt"):
        pytest.fail("the block must not start")


def test_a_linked_file_is_replaced_and_what_it_led_to_stays(tmp_path: Path) -> None:
    """A data versioning cache may link its read-only files into the working tree."""
    (tmp_path / "cache").write_text("cached", encoding="utf-8")
    (tmp_path / "a.txt").symlink_to(tmp_path / "cache")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "cache").read_text(encoding="utf-8") == "cached"
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "new"
    assert not (tmp_path / "a.txt").is_symlink()


def test_json_is_readable_ordered_and_never_holds_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"z": 1, "a": "µ"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "z": 1,\n  "a": "µ"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"z": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"z": 1, "a": "µ"}


# Folders


def test_a_folder_appears_whole_and_alone(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "out", "new")
    assert content_of(tmp_path / "new" / "out") == NEW
    assert names(tmp_path / "new") == ["out"]


def test_a_former_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    (tmp_path / "out" / "extra.txt").write_text("gone afterwards", encoding="utf-8")
    fill(tmp_path / "out", "new")
    assert content_of(tmp_path / "out") == NEW
    assert names(tmp_path) == ["out"]


def test_an_empty_former_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "new")
    assert content_of(tmp_path / "out") == NEW


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_keeps_the_former_folder_and_leaves_nothing_else(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(failure):
        write_half_a_folder(tmp_path / "out", failure)
    assert content_of(tmp_path / "out") == OLD
    assert names(tmp_path) == ["out"]


def test_when_the_new_folder_cannot_be_put_in_place_the_former_one_returns(tmp_path: Path) -> None:
    """The former folder used to stay under a hidden name, and its place empty."""
    fill(tmp_path / "out", "old")

    def write_and_lose_the_folder() -> None:
        with atomic_folder(tmp_path / "out") as temporary:
            (temporary / "a.txt").write_text("new", encoding="utf-8")
            at_second_rename(lambda: temporary.rename(tmp_path / "stolen"))

    with pytest.raises(FileNotFoundError):
        write_and_lose_the_folder()
    assert content_of(tmp_path / "out") == OLD
    assert names(tmp_path) == ["out", "stolen"]


def at_second_rename(action: Callable[[], object]) -> None:
    """Have the interpreter call `action` when, counted from now, the second rename is about to happen."""
    state = {"renames": 0, "done": False}

    def hook(event: str, _arguments: tuple[object, ...]) -> None:
        if event != "os.rename" or state["done"]:
            return
        state["renames"] += 1
        if state["renames"] == 2:
            state["done"] = True
            action()

    sys.addaudithook(hook)


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from cbvsynth.records.storage import atomic_folder

moment, target = sys.argv[1], Path(sys.argv[2])
renames = 0

def hook(event, arguments):
    global renames
    if event == "os.rename":
        renames += 1
        if moment == f"before rename {renames}":
            os.kill(os.getpid(), signal.SIGKILL)
    if event == "shutil.rmtree" and moment == "before removal":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
with atomic_folder(target) as temporary:
    (temporary / "a.txt").write_text("new")
    (temporary / "deep").mkdir()
    if moment == "in the block":
        os.kill(os.getpid(), signal.SIGKILL)
    (temporary / "deep" / "b.txt").write_text("newnew")
"""


@pytest.mark.parametrize(
    ("moment", "at_once"),
    [
        ("in the block", OLD),
        ("before rename 1", OLD),
        ("before rename 2", None),
        ("before removal", NEW),
    ],
)
def test_a_killed_writer_never_loses_the_former_folder(
    tmp_path: Path, moment: str, at_once: dict[str, str] | None
) -> None:
    target = tmp_path / "out"
    fill(target, "old")
    killed = run_program(KILLED_WRITER, Path(moment), target)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if at_once is None:
        assert not target.exists()
        whole = [content_of(folder) for folder in sorted(tmp_path.iterdir())]
        assert OLD in whole
        assert NEW in whole
    else:
        assert content_of(target) == at_once

    # The next writer begins by putting the former folder back, so that its own failure loses nothing.
    with pytest.raises(RuntimeError):
        write_half_a_folder(target, RuntimeError)
    assert content_of(target) == (at_once or OLD)

    fill(target, "newest")
    assert content_of(target)["a.txt"] == "newest"
    assert names(tmp_path) == ["out"]


def test_a_folder_that_another_one_is_writing_is_left_alone(tmp_path: Path) -> None:
    """Only what killed writers left is removed, however the name looks."""
    target = tmp_path / "out"
    with atomic_folder(target) as first:
        (first / "a.txt").write_text("first")
        fill(target, "second")
        assert (first / "a.txt").read_text() == "first"
    assert content_of(target) == {"a.txt": "first"}


def test_leftovers_of_a_folder_with_a_similar_name_are_left_alone(tmp_path: Path) -> None:
    for leftover in (".out-2.old.0123abcd", ".o[u]t.old.0123abcd", ".out-2.0123abcd", ".o[u]t.0123abcd"):
        (tmp_path / leftover).mkdir()
    fill(tmp_path / "out", "new")
    assert len(names(tmp_path)) == 5
    fill(tmp_path / "o[u]t", "new")
    assert names(tmp_path) == [".out-2.0123abcd", ".out-2.old.0123abcd", "o[u]t", "out"]


def test_a_linked_folder_keeps_its_link_and_is_replaced_where_it_lies(tmp_path: Path) -> None:
    """Removing the link used to fail after the new folder was in place."""
    fill(tmp_path / "big disk" / "out", "old")
    (tmp_path / "out").symlink_to(tmp_path / "big disk" / "out")
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out").is_symlink()
    assert content_of(tmp_path / "big disk" / "out") == NEW
    assert names(tmp_path / "big disk") == ["out"]


def test_a_file_in_the_place_of_the_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious", encoding="utf-8")
    with pytest.raises(StorageError, match=r"is a file; expected a folder"), atomic_folder(tmp_path / "out"):
        pytest.fail("the block must not start")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("given", [".", "..", "here", "link"])
def test_a_folder_that_holds_the_working_folder_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    inside = tmp_path / "here"
    inside.mkdir()
    (tmp_path / "link").symlink_to(inside)
    monkeypatch.chdir(inside)
    target = Path(given) if given.startswith(".") else tmp_path / given
    with pytest.raises(StorageError, match="holds the working folder"), atomic_folder(target):
        pytest.fail("the block must not start")
    assert names(tmp_path) == ["here", "link"]


def test_the_home_folder_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / "ada").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "ada"))
    for target in (tmp_path / "home" / "ada", tmp_path / "home"):
        with pytest.raises(StorageError, match="home folder"), atomic_folder(target):
            pytest.fail("the block must not start")
    fill(tmp_path / "home" / "ada" / "out", "new")
    assert content_of(tmp_path / "home" / "ada" / "out") == NEW


def test_a_mount_point_is_refused_with_advice() -> None:
    mount = Path("/proc")
    if not mount.is_mount():
        pytest.skip("no mount point to look at")
    with pytest.raises(StorageError, match=r"mount point.*as /proc/out"), atomic_folder(mount):
        pytest.fail("the block must not start")


# The disk says no

FULL_DISK_WRITER = """
import resource, sys
from pathlib import Path
from cbvsynth.records.storage import atomic_file, atomic_folder

kind, target = sys.argv[1], Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if kind == "file":
        with atomic_file(target) as temporary:
            temporary.write_bytes(b"x" * 5000)
    else:
        with atomic_folder(target) as temporary:
            (temporary / "small").write_bytes(b"x" * 500)
            (temporary / "large").write_bytes(b"x" * 5000)
except OSError as error:
    sys.exit(error.errno)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_write_that_the_system_cuts_short_keeps_the_former_state(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    if kind == "file":
        write_text(target, "old")
    else:
        fill(target, "old")
    ended = run_program(FULL_DISK_WRITER, Path(kind), target)
    assert ended.returncode == errno.EFBIG, ended.stderr
    assert names(tmp_path) == ["out"]
    if kind == "file":
        assert target.read_text(encoding="utf-8") == "old"
    else:
        assert content_of(target) == OLD


def test_a_full_disk_keeps_the_former_state(tmp_path: Path) -> None:
    """A real file system of 64 kB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        write_text(disk / "a.txt", "old")
        fill(disk / "out", "old")
        with (
            pytest.raises(OSError, match="No space left") as refusal,
            atomic_file(disk / "a.txt") as temporary,
        ):
            temporary.write_bytes(b"x" * 200_000)
        assert refusal.value.errno == errno.ENOSPC
        with pytest.raises(OSError, match="No space left"), atomic_folder(disk / "out") as temporary:
            (temporary / "a.txt").write_bytes(b"x" * 200_000)
        assert names(disk) == ["a.txt", "out"]
        assert (disk / "a.txt").read_text(encoding="utf-8") == "old"
        assert content_of(disk / "out") == OLD
        fill(disk / "out", "new")
        assert content_of(disk / "out") == NEW
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_parent_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(PermissionError), atomic_folder(tmp_path / "locked" / "out"):
        pytest.fail("the block must not start")
    with pytest.raises(PermissionError), atomic_file(tmp_path / "locked" / "a.txt"):
        pytest.fail("the block must not start")


# Digests


def test_the_digest_of_a_file_is_that_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_file_of_several_pieces_has_the_digest_of_the_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    (tmp_path / "large").write_bytes(content)
    assert sha256_of(tmp_path / "large") == hashlib.sha256(content).hexdigest()


def test_the_digest_of_a_tree_sees_content_and_names_but_not_where_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        fill(tmp_path / name, "same")
    one, two = sha256_tree(tmp_path / "one"), sha256_tree(tmp_path / "two")
    assert one == two
    assert list(one) == ["a.txt", "deep/b.txt"]
    (tmp_path / "two" / "a.txt").rename(tmp_path / "two" / "c.txt")
    renamed = tree_digest(sha256_tree(tmp_path / "two"))
    (tmp_path / "two" / "c.txt").rename(tmp_path / "two" / "a.txt")
    (tmp_path / "two" / "a.txt").write_text("other", encoding="utf-8")
    changed = tree_digest(sha256_tree(tmp_path / "two"))
    assert len({tree_digest(one), renamed, changed}) == 3


def test_the_digest_of_a_tree_does_not_depend_on_the_order_of_its_files() -> None:
    digests = {"b": "2" * 64, "a": "1" * 64}
    assert tree_digest(digests) == tree_digest(dict(sorted(digests.items())))
