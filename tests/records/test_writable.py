"""Whether a file can be written is known before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import StorageError
from cbvsynth.records.writable import require_writable
from tests.other_user import as_another_user, folder_for_all


def test_a_folder_or_a_place_below_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "folder.nii").mkdir()
    (tmp_path / "file").touch()
    require_writable(tmp_path / "new/folders/cbv.nii")
    assert not (tmp_path / "new").exists()
    with pytest.raises(StorageError, match=r"folder\.nii' is a folder"):
        require_writable(tmp_path / "folder.nii")
    with pytest.raises(StorageError, match="file' is a file; expected a folder of yours"):
        require_writable(tmp_path / "file/cbv.nii")


def test_a_folder_of_somebody_else_is_named_before_the_work() -> None:
    with folder_for_all() as folder:
        folder.chmod(0o555)

        def refused() -> None:
            with pytest.raises(StorageError, match=r"'.*cbv\.nii' cannot be made: .* cannot be written to"):
                require_writable(folder / "cbv.nii")

        assert as_another_user(refused) == 0
