"""A study follows the one layout that names its inputs; otherwise people are told what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.study.layout_recognition import recognise_layout
from cbvsynth.study.layout_tables import TABLES
from cbvsynth.study.tree import walk
from tests.study.study_trees import build, write_image


def test_the_only_layout_that_fits_is_taken(tmp_path: Path) -> None:
    tree = walk(build(tmp_path, Layout.MOTUM))
    assert recognise_layout(tree, TABLES.values()) is TABLES[Layout.MOTUM]


def test_a_file_that_a_layout_refuses_is_explained(tmp_path: Path) -> None:
    write_image(tmp_path / "sub-1/func/sub-1_task-rest_cbv.nii.gz")
    with pytest.raises(ManifestError, match=r"Func/.* is a blood-volume-weighted fMRI series") as caught:
        recognise_layout(walk(tmp_path), TABLES.values())
    assert "--pattern" in str(caught.value)
