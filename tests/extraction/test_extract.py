"""The brain in a head: found, measured, shown, and refused where it cannot be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import ExtractionError
from cbvsynth.extraction import BrainSettings, can_extract, extract_brain, weights
from cbvsynth.extraction import extract as module
from tests.extraction.heads import brain, head, program
from tests.tools import real_case


def test_the_brain_comes_back_on_the_grid_of_the_file_and_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "pictures" / "e1.png"
    mask, source = extract_brain(head(), BrainSettings(command=program(tmp_path), picture=picture), "e1 T1")
    dice = 2 * (mask & brain()).sum() / (mask.sum() + brain().sum())
    assert dice > 0.99
    assert source.startswith("extracted by python")
    assert source.endswith("from T1")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("found[:35] = False", "mirror image"),
        ("found = voxels > 10", "of the head"),
        ("found[45:55, 40:70, 20:30] = False", "holes"),
    ],
)
def test_what_is_no_brain_is_refused_with_the_picture(tmp_path: Path, change: str, says: str) -> None:
    picture = tmp_path / "e1.png"
    settings = BrainSettings(command=program(tmp_path, change), picture=picture)
    with pytest.raises(ExtractionError, match=rf"e1 T1: .*{says}.*The outline is in e1.png") as raised:
        extract_brain(head(), settings, "e1 T1")
    assert str(tmp_path) not in str(raised.value)
    assert picture.is_file()


def test_no_brain_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match="no voxel was found to be brain"):
        extract_brain(head(), BrainSettings(command=program(tmp_path, "found[:] = False")), "e1 T1")


def test_without_a_program_there_is_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    assert not can_extract(BrainSettings())
    assert not can_extract(BrainSettings(command="robex"))
    assert can_extract(BrainSettings(command="bet {image} {mask}"))


def test_the_brain_of_a_real_head_with_a_tumour() -> None:
    """HD-BET's mask is of the same image."""
    import nibabel as nib

    from cbvsynth.study.nifti import read_volume

    folder = real_case()
    image = read_volume(folder / "t1c.nii.gz", "T1C")
    expected = np.asarray(nib.load(folder / "mask_of_t1c.nii.gz").dataobj) > 0
    mask, source = extract_brain(image, BrainSettings(), "real T1C")
    assert source == "extracted by deepbet from T1C"
    assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.965
