"""The workspace that tasks share: scratch folders, finished folders, and what tasks tell each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import DataError, ResultError, StorageError
from cbvsynth.kubeflow.tasks.workspace import keep, read_handover, scratch_folder, write_handover


def test_a_finished_folder_gets_its_name_and_one_that_is_there_stays(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with scratch_folder(tmp_path / "workspace") as scratch:
            (scratch / "out").mkdir()
            (scratch / "out/file").write_text(content)
            keep(scratch / "out", tmp_path / "workspace/validate/abc")
    assert (tmp_path / "workspace/validate/abc/file").read_text() == "first"
    assert [path.name for path in (tmp_path / "workspace").iterdir()] == ["validate"]


def test_a_scratch_folder_goes_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError), scratch_folder(tmp_path):
        raise DataError("anything")
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    """The message used to name the last part alone: '/workspace' was 'the workspace workspace'."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match=r"The workspace '.*/file' cannot be written to"),
        scratch_folder(tmp_path / "file"),
    ):
        pass


def test_what_a_task_hands_over_is_read_by_a_later_one(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "artefact")
    write_handover(path, {"folder": "preprocess/1", "data_fingerprint": "f"})
    assert read_handover(path, "data_fingerprint", "folder") == ("f", "preprocess/1")
    with pytest.raises(ResultError, match="expected verdict"):
        read_handover(path, "verdict")
    with pytest.raises(ResultError, match="FileNotFoundError"):
        read_handover(str(tmp_path / "none"), "folder")
