"""The embedded server in this process, with two small networks of this project behind all of its doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Served:
    """Addresses of the doors, and the SavedModels by version."""

    grpc: str
    rest: str
    folders: dict[int, Path]


SLUGS = {1: "encdec-t1", 2: "encdec-t1-t1c"}
LARGEST = (24, 20, 6)


def export(folder: Path, slug: str, seed: int, *, with_spread: bool = False) -> Path:
    from cbvsynth.domain.sequences import ModelId, TargetUnit
    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.models.spread import SpreadHead
    from cbvsynth.preprocessing import PREPROCESSING_VERSION
    from cbvsynth.signature import Description
    from cbvsynth.training.saved_model import ServedSpread, export_model

    model, options = ModelId.parse(slug), GeneratorOptions(base_channels=2, residual_blocks=1)
    description = Description(
        model=model,
        target_unit=TargetUnit.ML_PER_100G,
        cbv_max=25.0,
        preprocessing_version=PREPROCESSING_VERSION,
        spacing_range_mm=((0.5, 20.0),) * 3,
        shape_range=tuple((1.0, float(size)) for size in LARGEST),  # type: ignore[arg-type]
        data_fingerprint="",
        run_fingerprint="",
        software="a test",
        interval_level=0.9 if with_spread else 0.0,
    )
    generator = build_generator(len(model.combination.sequences), options, seed)
    spread = ServedSpread(SpreadHead(2, options.precision, seed), 2.0) if with_spread else None
    export_model(generator, description, folder, spread)
    return folder


@contextmanager
def served_networks(base: Path, *flags: str, with_spread: frozenset[int] = frozenset()) -> Iterator[Served]:
    """Versions 1 (T1) and 2 (T1 and T1C) of the model cbvsynth, labelled as sync does.

    Those of `with_spread` answer with how sure they are as well.
    """
    from cbvsynth.server.configuration import read_models
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.flags import parse_flags
    from cbvsynth.server.program import build_store, open_ports
    from cbvsynth.sync.models_config import ModelsConfig

    folders = {
        number: export(base / "cbvsynth" / str(number), slug, number, with_spread=number in with_spread)
        for number, slug in SLUGS.items()
    }
    labels = {"stable": 2, "available-t1": 1, "available-t1-t2-t1c-flair-adc": 2, "available-t1-t1c": 2}
    config = ModelsConfig("cbvsynth", str(base / "cbvsynth"), tuple(folders), labels)
    (base / "models.config").write_text(config.to_text())
    options = parse_flags(
        [
            *("--port=0", "--rest_api_port=0", f"--model_config_file={base}/models.config"),
            *("--allow_version_labels_for_unavailable_models", "--enable_open_inference_protocol", *flags),
        ]
    )
    store = build_store(options)
    store.configure(read_models(options))
    store.reconcile()
    with open_ports(Backend(store, options), None, "") as ports:
        yield Served(f"localhost:{ports.grpc}", f"localhost:{ports.rest}", folders)
    store.close()


def called_directly(folder: Path, inputs: dict[str, Any]) -> Any:
    """The map (B, H, W, D) of a SavedModel without a server."""
    from cbvsynth.training.saved_model import load_exported

    return load_exported(folder)(inputs)
