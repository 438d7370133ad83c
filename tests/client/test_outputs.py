"""Places for maps are looked at before the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.client.outputs import mask_picture_of, require_free, sd_of, sidecar_of
from cbvsynth.errors import UsageError


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
    with pytest.raises(UsageError, match=r"cbv\.png' exists .* Give another --montage"):
        require_free(tmp_path / "cbv.png", "--montage")


def test_the_outline_of_a_brain_lies_beside_the_map(tmp_path: Path) -> None:
    assert mask_picture_of(tmp_path / "cbv.nii.gz") == tmp_path / "cbv_mask.png"


def test_the_map_of_standard_deviations_lies_beside_the_map() -> None:
    assert sd_of(Path("maps/a.b.nii.gz")) == Path("maps/a.b_sd.nii.gz")
    assert sd_of(Path("cbv.nii")) == Path("cbv_sd.nii")
