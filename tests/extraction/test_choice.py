"""Which brain mask an examination gets."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import BrainMask
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.extraction import BrainSettings, choose_brain, weights
from cbvsynth.extraction.choice import is_stripped, without_ignored_mask
from tests.extraction.heads import STORED_AFFINE, brain, head, program

EXAMINATION = Examination("e1", "s1", "", {Sequence.T1: PurePosixPath("t1.nii")}, mask=PurePosixPath("m.nii"))
STRIPPED = Volume(np.where(brain(), head().data, np.float32(0.0)), STORED_AFFINE)
MASK = Volume(brain().astype(np.float32), STORED_AFFINE)
MOVE = np.eye(4)


def settings(folder: Path, mode: BrainMask) -> BrainSettings:
    return BrainSettings(mode, program(folder))


def test_auto_takes_the_given_mask(tmp_path: Path) -> None:
    stored = {"t1": head(), "mask": MASK}
    chosen = choose_brain(EXAMINATION, stored, {}, settings(tmp_path, BrainMask.AUTO))
    assert (chosen.stored, chosen.source, chosen.warnings) == (stored, "", ())


def test_auto_leaves_stripped_images_to_be_derived_from(tmp_path: Path) -> None:
    chosen = choose_brain(EXAMINATION, {"t1": STRIPPED}, {}, settings(tmp_path, BrainMask.AUTO))
    assert (list(chosen.stored), chosen.source) == (["t1"], "")


def test_auto_extracts_from_a_head_and_the_mask_moves_with_its_image(tmp_path: Path) -> None:
    stored = {"t1c": head(), "t1": head(), "t2": head()}
    moves = {"t1": MOVE, "t2": 2 * MOVE, "mask": 3 * MOVE}
    chosen = choose_brain(EXAMINATION, stored, moves, settings(tmp_path, BrainMask.AUTO))
    assert chosen.source.endswith("from T1")
    assert chosen.moves["mask"] is MOVE
    mask = chosen.stored["mask"]
    assert np.array_equal(mask.affine, STORED_AFFINE)
    assert 2 * (mask.data * brain()).sum() / (mask.data.sum() + brain().sum()) > 0.99


def test_a_mask_of_an_image_that_stays_stays(tmp_path: Path) -> None:
    chosen = choose_brain(
        EXAMINATION, {"t1": head()}, {"mask": MOVE}, settings(tmp_path, BrainMask.EXTRACTED)
    )
    assert "mask" not in chosen.moves


def test_extracted_passes_over_a_given_mask(tmp_path: Path) -> None:
    asked = settings(tmp_path, BrainMask.EXTRACTED)
    assert without_ignored_mask(EXAMINATION, asked).mask is None
    chosen = choose_brain(EXAMINATION, {"t1": head(), "mask": MASK}, {}, asked)
    assert chosen.stored["mask"] is not MASK
    assert without_ignored_mask(EXAMINATION, settings(tmp_path, BrainMask.GIVEN)).mask is not None


def test_derived_passes_over_a_given_mask(tmp_path: Path) -> None:
    chosen = choose_brain(
        EXAMINATION, {"t1": STRIPPED, "mask": MASK}, {}, settings(tmp_path, BrainMask.DERIVED)
    )
    assert "mask" not in chosen.stored


def test_given_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="e1: there is no mask's file"):
        choose_brain(EXAMINATION, {"t1": head()}, {}, settings(tmp_path, BrainMask.GIVEN))


def test_auto_without_a_program_leaves_the_refusal_to_who_derives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    chosen = choose_brain(EXAMINATION, {"t1": head()}, {}, BrainSettings())
    assert list(chosen.stored) == ["t1"]


def test_adc_alone_gives_no_brain(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="there is only ADC"):
        choose_brain(EXAMINATION, {"adc": head()}, {}, settings(tmp_path, BrainMask.EXTRACTED))


def test_a_head_whose_air_was_blanked_is_not_stripped() -> None:
    """A tenth of zeros alone made an image with its skull count as skull-stripped."""
    air = head().data < 15
    blanked = Volume(np.where(air, np.float32(0.0), head().data), STORED_AFFINE)
    assert (blanked.data == 0).mean() > 0.1
    assert not is_stripped({"t1": blanked})
    assert is_stripped({"t1": STRIPPED})


def test_a_background_without_numbers_is_stripped(tmp_path: Path) -> None:
    """NaN is not 0: such images went to deepbet, which is made for heads, and what it found was no brain."""
    gaps = Volume(np.where(brain(), head().data, np.float32(np.nan)), STORED_AFFINE)
    assert is_stripped({"t1": gaps})
    chosen = choose_brain(EXAMINATION, {"t1": gaps}, {}, settings(tmp_path, BrainMask.AUTO))
    assert (list(chosen.stored), chosen.source) == (["t1"], "")


def test_a_head_whose_air_holds_no_numbers_is_not_stripped() -> None:
    gaps = Volume(np.where(head().data < 15, np.float32(np.nan), head().data), STORED_AFFINE)
    assert np.isnan(gaps.data).mean() > 0.1
    assert not is_stripped({"t1": gaps})


def test_a_given_mask_that_holds_the_head_is_refused(tmp_path: Path) -> None:
    whole = Volume((head().data > 15).astype(np.float32), STORED_AFFINE)
    with pytest.raises(VolumeError, match="a brain has at most 2000"):
        choose_brain(EXAMINATION, {"t1": head(), "mask": whole}, {}, settings(tmp_path, BrainMask.AUTO))


def test_a_given_mask_of_half_a_brain_is_warned_of(tmp_path: Path) -> None:
    half = brain()
    half[:50] = False
    given = Volume(half.astype(np.float32), STORED_AFFINE)
    chosen = choose_brain(EXAMINATION, {"t1": head(), "mask": given}, {}, settings(tmp_path, BrainMask.AUTO))
    (warning,) = chosen.warnings
    assert warning.startswith("s1: MASK has not the shape of a whole brain: width")
