"""Models for the load: exported, registered and crowned in a registry of their own, some of them bad."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import ModelId, TargetUnit, all_combinations
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.registry.promotion import point_aliases
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import CHAMPION, available_alias, version_of
from cbvsynth.signature import Description

NAME = "cbvsynth"
SLUG, SMALLER = "encdec-t1-t1c", "encdec-t1"

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LoadOptions:
    """How much load, and of what.

    pause_s: that a client waits between two requests.
    """

    seconds: float = 120.0
    clients: int = 8
    shape: tuple[int, int, int] = (64, 64, 8)
    base_channels: int = 16
    residual_blocks: int = 6
    pause_s: float = 0.0


def export(folder: Path, slug: str, seed: int, options: LoadOptions) -> Path:
    """A network with fresh weights, as train exports it."""
    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.training.saved_model import export_model

    model = ModelId.parse(slug)
    shape = GeneratorOptions(base_channels=options.base_channels, residual_blocks=options.residual_blocks)
    description = Description(
        model=model,
        target_unit=TargetUnit.ML_PER_100G,
        cbv_max=25.0,
        preprocessing_version=PREPROCESSING_VERSION,
        spacing_range_mm=((0.5, 20.0),) * 3,
        shape_range=((1.0, 512.0),) * 3,
        data_fingerprint="",
        run_fingerprint="",
        software="load",
    )
    export_model(build_generator(len(model.combination.sequences), shape, seed), description, folder)
    return folder


def register(registry: Registry, folder: Path, slug: str) -> int:
    """Store a SavedModel as promote does; its version."""
    client = registry.client
    run_id = client.create_run(registry.experiment_id).info.run_id
    client.log_artifacts(run_id, str(folder), "model/tf2model")
    digests = sha256_tree(folder)
    tags = {
        "model": slug,
        "target_unit": TargetUnit.ML_PER_100G.value,
        "saved_model_digest": tree_digest(digests),
        "saved_model_sha256": json.dumps(digests, sort_keys=True),
    }
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    return int(client.create_model_version(NAME, source, run_id, tags=tags).version)


def crown(registry: Registry, champion: int, smaller: int) -> None:
    """Make a version champion: for every set of sequences with T1 and T1C; the smaller one for T1 alone."""
    targets = {CHAMPION: champion}
    for pattern in all_combinations():
        for slug, version in ((SLUG, champion), (SMALLER, smaller)):
            if ModelId.parse(slug).combination.usable_with(pattern.sequences):
                targets[available_alias(pattern)] = version
                break
    before = version_of(registry, CHAMPION)
    client = registry.client
    client.set_model_version_tag(NAME, str(champion), "aliases", json.dumps(targets, sort_keys=True))
    if before is not None and before.version != champion:
        client.set_model_version_tag(NAME, str(champion), "replaces", str(before.version))
    point_aliases(registry, targets)


def export_all(folder: Path, options: LoadOptions) -> dict[str, Path]:
    """Two networks of the same sequences, one of fewer, one without all weights, one to be changed later."""
    exported = {
        "first": export(folder / "first", SLUG, 1, options),
        "second": export(folder / "second", SLUG, 2, options),
        "smaller": export(folder / "smaller", SMALLER, 3, options),
        "unloadable": Path(shutil.copytree(folder / "first", folder / "unloadable")),
        "changed": Path(shutil.copytree(folder / "second", folder / "changed")),
    }
    (weights,) = exported["unloadable"].glob("variables/variables.data*")
    weights.write_bytes(weights.read_bytes()[:1000])
    return exported


def change_a_byte(registry: Registry, version: int) -> None:
    """Change the stored weights of a version behind the registry's back."""
    run_id = registry.client.get_model_version(NAME, str(version)).run_id
    root = Path(registry.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    (weights,) = root.glob("model/tf2model/variables/variables.data*")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)


def made_up_images(shape: tuple[int, int, int]) -> dict[str, Float32Array]:
    """Raw intensities by name, (X, Y, Z) float32."""
    rng = np.random.default_rng(1)
    return {name: rng.uniform(200, 900, shape).astype(np.float32) for name in ("t1", "t1c")}


def call_directly(folder: Path, images: Mapping[str, Float32Array]) -> Float32Array:
    """The map (X, Y, Z) that a SavedModel makes without a server."""
    from cbvsynth.training.saved_model import load_exported

    model = load_exported(folder)
    return model({name.value: images[name.value][np.newaxis] for name in model.description.sequences})[0]
