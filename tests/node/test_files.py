"""Files lie by keyed hashes, whole or not at all, in a folder of one process."""

from __future__ import annotations

import os
import stat
import time

import pytest

from cbvsynth.errors import StorageError, UsageError
from cbvsynth.node.files import Files


def test_names_are_hashes_with_a_key_that_stays(tmp_path):
    files = Files(tmp_path / "node")
    name = files.digest("1.2.3")
    files.close()
    again = Files(tmp_path / "node")
    assert again.digest("1.2.3") == name
    assert Files(tmp_path / "other").digest("1.2.3") != name
    assert stat.S_IMODE((tmp_path / "node/key").stat().st_mode) == 0o600
    again.close()


def test_one_process_has_the_folder(tmp_path):
    files = Files(tmp_path)
    with pytest.raises(UsageError, match="Another node works in"):
        Files(tmp_path)
    files.close()
    Files(tmp_path).close()


def test_a_file_for_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        Files(tmp_path / "file")


def received(files: Files, content: bytes = b"x"):
    path = files.incoming / "a.dcm"
    path.write_bytes(content)
    return path


def test_what_nobody_knows_is_removed_and_what_is_known_stays(tmp_path):
    files = Files(tmp_path)
    files.keep(received(files), "s1", "i1")
    files.keep(received(files), "s1", "i2")
    files.keep(received(files), "s2", "i1")
    for name in ("map-1", "map-2"):
        files.map("s1", 0).with_name(name).mkdir()
        (files.studies / "s1" / name / "parametric-map.dcm").write_bytes(b"m")
    received(files)
    (files.incoming / "tmp").mkdir()
    files.clean({("s1", "i1")}, {"studies/s1/map-1/parametric-map.dcm"})
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.dcm")}
    assert left == {"studies/s1/images/i1.dcm", "studies/s1/map-1/parametric-map.dcm"}
    assert list(files.incoming.iterdir()) == []
    assert not (files.studies / "s2").exists()
    files.close()


def test_half_a_file_of_a_sender_who_went_away_is_removed_after_an_hour(tmp_path):
    files = Files(tmp_path)
    path = received(files)
    files.remove_abandoned()
    assert path.exists()
    os.utime(path, (time.time() - 3700,) * 2)
    files.remove_abandoned()
    assert not path.exists()
    files.close()
