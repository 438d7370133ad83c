"""A deflated file is read where it is an image, and not unpacked where it is a bomb."""

from __future__ import annotations

import resource
from pathlib import Path

from pydicom.uid import DeflatedExplicitVRLittleEndian

from cbvsynth.study.dicom import deflation
from cbvsynth.study.dicom.deflation import unpacks_too_far
from cbvsynth.study.dicom.headers import read_folder
from tests.page.hostile import deflated_bomb
from tests.study.dicom.dicom_files import T1, write_series


def deflated(folder: Path) -> list[Path]:
    def change(dataset, _):
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    return write_series(folder, T1, change=change)


def test_a_deflated_image_is_read(tmp_path, monkeypatch):
    paths = deflated(tmp_path)
    assert not any(unpacks_too_far(path) for path in paths)
    assert len(read_folder(tmp_path)[0]) == len(paths)
    monkeypatch.setattr(deflation, "LARGEST_UNPACKED_BYTES", 500)
    assert all(unpacks_too_far(path) for path in paths)


def test_a_bomb_takes_no_memory(tmp_path):
    """A third of a megabyte took 320 MB of memory: pydicom unpacks the whole file to read its header."""
    (tmp_path / "IM1").write_bytes(deflated_bomb())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    images, left = read_folder(tmp_path)
    assert images == []
    assert any("more than 256 MB" in what for what in left.counts)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_what_is_no_dicom_or_not_deflated_is_left_alone(tmp_path):
    for content in (b"", b"DICM", bytes(128) + b"DICM", bytes(400)):
        (tmp_path / "one").write_bytes(content)
        assert not unpacks_too_far(tmp_path / "one")
    assert not any(unpacks_too_far(path) for path in write_series(tmp_path / "s", T1))
