"""SavedModels as sync sees them, plain files, and selections of them; no registry is needed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit
from cbvsynth.records.golden import write_golden
from cbvsynth.records.selection import Selection, ServedVersion
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.sync.repository import Content, Repository
from tests.client.prediction_server import expected_cbv
from tests.registry.trained_models import program_of

T1C = Combination.parse("t1c")


def write_model(folder: Path, number: int) -> Path:
    """A SavedModel's files; its golden answer is what `prediction_server` gives as version `number`."""
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(program_of(str(number)))
    (folder / "variables/variables.data-00000-of-00001").write_bytes(bytes(range(256)) * 8 * number)
    write_golden(folder, T1C, lambda inputs: expected_cbv(inputs, number), cbv_max=25.0)
    return folder


def content_of(folder: Path) -> Content:
    digests = sha256_tree(folder)
    return Content(digests, tree_digest(digests))


def fetch_from(folder: Path) -> Callable[[Path], Path]:
    """Copy as MLflow does: below the target, in folders of its own."""

    def fetch(target: Path) -> Path:
        return Path(shutil.copytree(folder, target / "model/tf2model"))

    return fetch


def selection(*numbers: int, stable: int, **labels: int) -> Selection:
    return Selection(
        registered_name="cbvsynth",
        select_by="ssim_3d_whole",
        versions=tuple(
            ServedVersion(
                number, ModelId.parse("encdec-t1c"), TargetUnit.ML_PER_100G, f"digest-{number}", 0.8
            )
            for number in numbers
        ),
        patterns={T1C: stable},
        labels={"stable": stable, **labels},
    )


def filled(root: Path, *numbers: int) -> Repository:
    """A repository whose versions are there and about which nothing is said yet."""
    repository = Repository(root, "cbvsynth", "/models")
    for number in numbers:
        source = write_model(root.parent / f"source-{number}", number)
        repository.folder.mkdir(parents=True, exist_ok=True)
        repository.ensure(number, content_of(source), fetch_from(source))
    return repository
