"""The digests of a study's images, by role, and what happens when an image cannot be read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError, VolumeError
from cbvsynth.study.manifest import scan_study
from cbvsynth.study.manifest_hashes import hash_images
from tests.study.study_trees import build


def test_every_image_has_the_digest_of_its_file(tmp_path: Path) -> None:
    examinations = scan_study(build(tmp_path, Layout.BRATS)).examinations
    (found,) = hash_images(tmp_path, examinations)
    assert list(found) == list(examinations[0].files)
    for role, path in examinations[0].files.items():
        assert found[role] == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()


def test_an_image_that_is_gone_is_called_by_its_examination_and_not_by_its_path(tmp_path: Path) -> None:
    examinations = scan_study(build(tmp_path, Layout.BRATS)).examinations
    (tmp_path / examinations[0].files["t2"]).unlink()
    with pytest.raises(
        VolumeError, match=r"BraTS-GLI-00000/000: T2: the file cannot be read \(No such file"
    ) as caught:
        hash_images(tmp_path, examinations)
    assert "nii" not in str(caught.value)


def test_a_path_that_leaves_the_data_root_is_not_followed(tmp_path: Path) -> None:
    (one,) = scan_study(build(tmp_path / "data", Layout.BRATS)).examinations
    outside = replace(one, seg=PurePosixPath("../secret.nii.gz"))
    with pytest.raises(ManifestError, match=r"SEG: its path contains '\.\.'"):
        hash_images(tmp_path / "data", [outside])
