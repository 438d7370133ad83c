"""An examination is known again by its map, whatever it is called."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from cbvsynth.evaluation.known_examinations import known_examinations
from tests.training.cached_study import write_study


def test_the_same_map_under_another_name_is_known_with_its_split(tmp_path: Path) -> None:
    home = write_study(tmp_path / "home", train=2, held_out=1)
    site = write_study(tmp_path / "site", train=0, held_out=3)
    for place, one in enumerate(("e00", "e01", "e02")):
        array = np.load(site.root / one / "cbv.npy") + np.float32(place + 1)
        np.save(site.root / one / "cbv.npy", array)
    strangers = [replace(one, fingerprint=f"x{one.exam_id}") for one in site.examinations]
    site = replace(site, examinations=tuple(strangers))
    assert known_examinations(site, home) == {}
    shutil.copy(home.root / "e00" / "cbv.npy", site.root / "e02" / "cbv.npy")
    shutil.copy(home.root / "e02" / "cbv.npy", site.root / "e01" / "cbv.npy")
    assert known_examinations(site, home) == {"e01": "held-out", "e02": "train"}


def test_the_same_files_and_settings_are_known_without_a_map(tmp_path: Path) -> None:
    home = write_study(tmp_path / "home", train=1, held_out=1)
    site = write_study(tmp_path / "site", train=1, held_out=1)
    for one in ("e00", "e01"):
        (site.root / one / "cbv.npy").unlink()
    assert known_examinations(site, home) == {"e00": "train", "e01": "held-out"}
