"""Files of an examination: read once by every step that needs them, and refused in words."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.client.preparation import prepare
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import VolumeError
from cbvsynth.preprocessing.study import prepare_if_changed
from cbvsynth.quality.survey import survey_examination
from cbvsynth.study.image_files import ImageFile
from tests.client.heads import write_head
from tests.preprocessing.raw_study import RawStudy

_opened: list[str] | None = None


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str):
        _opened.append(arguments[0])


sys.addaudithook(_hear)  # for good: Python has no way to take one away


@contextmanager
def openings_below(folder: Path) -> Iterator[Counter[str]]:
    """How often each file below a folder is opened in the block, by its path."""
    global _opened  # noqa: PLW0603  the hook lives as long as Python
    counts: Counter[str] = Counter()
    _opened = []
    try:
        yield counts
    finally:
        counts.update(path for path in _opened if Path(path).is_relative_to(folder))
        _opened = None


@pytest.fixture
def study(tmp_path: Path) -> RawStudy:
    return RawStudy(tmp_path, patients=1)


def _validate(root: Path, examination: Examination) -> None:
    assert survey_examination(root, examination, None, Register.OFF).digests


def _preprocess(root: Path, examination: Examination) -> None:
    assert prepare_if_changed(root, root.parent / "out", examination, Register.RIGID).recomputed


@pytest.mark.parametrize("step", [_validate, _preprocess])
def test_a_step_opens_each_file_once(study: RawStudy, step: Callable[[Path, Examination], None]) -> None:
    """preprocess opened each three times: for its digest, its header and its voxels."""
    one = study.examinations[0]
    paths = [study.data / path for path in one.files.values()]
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    stated = replace(one, sha256=dict(zip(one.files, digests, strict=True)))
    with openings_below(study.data) as counts:
        step(study.data, stated)
    assert {Path(path): count for path, count in counts.items() if ".nii" in path} == dict.fromkeys(paths, 1)


def test_the_client_opens_each_file_once(tmp_path: Path) -> None:
    """It read the digest of a file after the map was made, which somebody could have replaced by then."""
    files = write_head(tmp_path, "t1 t1c")
    with openings_below(tmp_path) as counts:
        assert set(prepare(files).sha256) == {"t1", "t1c"}
    assert counts == dict.fromkeys(files.values(), 1)


def test_digest_header_and_voxels_are_of_the_bytes_that_were_read(study: RawStudy) -> None:
    one = study.examinations[0]
    path = study.data / one.inputs[Sequence.T1]
    content = path.read_bytes()
    file = ImageFile(path, "T1")
    before = file.image.volume().data
    path.write_bytes(b"somebody else's")
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (file.image.volume().data == before).all()


def test_what_is_no_file_is_refused_without_its_path(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nii")
    for name, reason in (("pipe.nii", "not a regular file"), ("gone.nii", "does not exist")):
        with pytest.raises(VolumeError, match=f"T1: .*{reason}") as refusal:
            ImageFile(tmp_path / name, "T1")
        assert str(tmp_path) not in str(refusal.value)


def test_a_file_larger_than_any_image_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.nii"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # sparse: it takes no room
    with pytest.raises(VolumeError, match=r"T1: the file has 3221225472 bytes; at most \d+ are read"):
        ImageFile(path, "T1")
