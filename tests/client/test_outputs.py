"""Places for maps are looked at before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.client.outputs import require_free, require_writable, sidecar_of
from cbvsynth.errors import StorageError, UsageError
from tests.other_user import as_another_user, folder_for_all


@pytest.mark.parametrize("name", ["cbv", "cbv.mgz", ".nii.gz", "cbv.json"])
def test_a_name_that_is_not_niftis_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a NIfTI name"):
        sidecar_of(Path(name))


def test_the_record_lies_beside_the_map() -> None:
    assert sidecar_of(Path("maps/a.b.nii.gz")) == Path("maps/a.b.json")
    assert sidecar_of(Path("cbv.nii")) == Path("cbv.json")


def test_a_place_is_free_until_something_is_there(tmp_path: Path) -> None:
    require_free(tmp_path / "cbv.png")
    (tmp_path / "cbv.png").touch()
    with pytest.raises(UsageError, match=r"'cbv\.png' exists .* Give another --montage"):
        require_free(tmp_path / "cbv.png", "--montage")


def test_a_folder_or_a_place_below_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "folder.nii").mkdir()
    (tmp_path / "file").touch()
    require_writable(tmp_path / "new/folders/cbv.nii")
    assert not (tmp_path / "new").exists()
    with pytest.raises(StorageError, match=r"'folder\.nii' is a folder"):
        require_writable(tmp_path / "folder.nii")
    with pytest.raises(StorageError, match="'file' is a file; expected a folder of yours"):
        require_writable(tmp_path / "file/cbv.nii")


def test_a_folder_of_somebody_else_is_named_before_the_work() -> None:
    with folder_for_all() as folder:
        folder.chmod(0o555)

        def refused() -> None:
            with pytest.raises(StorageError, match=r"'cbv\.nii' cannot be made: .* cannot be written to"):
                require_writable(folder / "cbv.nii")

        assert as_another_user(refused) == 0
