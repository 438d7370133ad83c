"""What promote and sync take, and what neither does."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import ModelError
from cbvsynth.registry.allowed_files import stray_file
from cbvsynth.steps.promote import run as promote
from cbvsynth.sync.repository import Repository
from tests.registry.trained_models import decide, train
from tests.sync.model_folders import content_of, write_model

STRAYS = [
    *("code.py", "code.pyc", "hook.so", "hook.so.1", "hook.dll", "hook.dylib", "start.sh", "start"),
    *("extra.pkl", "extra.pickle", "model.joblib", "model.keras", "MODEL.KERAS", "model.h5", "model.hdf5"),
    *("__pycache__/code.cpython-311.pyc", "variables/hook.so", "assets.extra/hook.so", "assets/words.txt"),
    *("saved_model.pbtxt", "variables/saved_model.pb", "fingerprint.pb", "keras_metadata.pb"),
]


def add(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"x")


def by_promote(spoil: Callable[[Path], object]) -> None:
    """Train a model whose export is spoilt before it is scored, and promote it."""
    folder = Path("artifacts/train/encdec-t1c/saved_model")
    folder.mkdir(parents=True)
    spoil(folder)
    train("encdec-t1c", 0.9)
    decide("encdec-t1c")
    promote(PromoteConfig())


def by_sync(spoil: Callable[[Path], object]) -> None:
    """Publish a version that was spoilt before its digests were stored."""
    source = write_model(Path("source"), 7)
    spoil(source)
    repository = Repository(Path("models"), "cbvsynth", "/models")

    def fetch(target: Path) -> Path:
        return Path(shutil.copytree(source, target / "model/tf2model", symlinks=True))

    try:
        repository.ensure(7, content_of(source), fetch)
    finally:
        assert not any(Path("models/cbvsynth").glob("*"))


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("by", [by_promote, by_sync])
def test_a_file_that_no_saved_model_has_is_refused_on_both_sides(
    by: Callable[[Callable[[Path], object]], None], name: str
) -> None:
    """Libraries, scripts and compiled Python were promoted, and then sync refused the champion."""
    with pytest.raises(ModelError, match=rf"holds '{re.escape(name)}'; expected nothing but"):
        by(lambda folder: add(folder, name))


@pytest.mark.parametrize("by", [by_promote, by_sync])
def test_a_link_is_refused_on_both_sides(by: Callable[[Callable[[Path], object]], None]) -> None:
    Path("elsewhere").write_bytes(b"x")

    def link(folder: Path) -> None:
        add(folder, "assets.extra/other")
        (folder / "assets.extra/other").unlink()
        (folder / "assets.extra/tf_serving_warmup_requests").symlink_to(Path("elsewhere").resolve())

    with pytest.raises(ModelError, match=r"holds 'assets\.extra/tf_serving_warmup_requests'"):
        by(link)


def test_what_an_export_writes_is_allowed(tmp_path: Path) -> None:
    """Shards, the index, the golden pair and the warm-up; empty folders do no harm."""
    folder = write_model(tmp_path / "model", 1)
    for name in ("variables/variables.index", "variables/variables.data-00001-of-00002"):
        add(folder, name)
    add(folder, "assets.extra/tf_serving_warmup_requests")
    (folder / "assets").mkdir()
    assert stray_file(folder) is None
