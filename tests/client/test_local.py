"""Prediction without a server: a real registry, real exported models, TensorFlow in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cbvsynth.commands.predict import predict
from cbvsynth.config import PromoteConfig
from cbvsynth.domain.sequences import Combination, ModelId
from cbvsynth.errors import ModelError, RegistryError
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.records.summaries import read_summary, write_summary
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run as promote
from tests.client.heads import brain, image, write_head
from tests.client.prediction_server import describe
from tests.registry.trained_models import decide, train

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def export(slug: str) -> None:
    """Put a real, untrained SavedModel in the place of the files that stand for one."""
    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.training.saved_model import export_model

    train(slug, 0.9)
    folder = Path("artifacts/train") / slug
    options = GeneratorOptions(base_channels=4, residual_blocks=1)
    channels = len(ModelId.parse(slug).combination.sequences)
    export_model(build_generator(channels, options, seed=7), describe(slug), folder / "saved_model")
    digests = sha256_tree(folder / "saved_model")
    summary = read_summary(folder / "summary.json")
    write_summary(
        folder / "summary.json",
        replace(summary, saved_model_sha256=digests, saved_model_digest=tree_digest(digests)),
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Version of T1 + T1C is champion; that of T1 is best where T1C is missing."""
    folder = tmp_path_factory.mktemp("local")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        export("encdec-t1-t1c")
        export("encdec-t1")
        whole = Combination.parse("t1-t2-t1c-flair-adc").slug
        best = {whole: "encdec-t1-t1c", "t1-t1c": "encdec-t1-t1c", "t1": "encdec-t1"}
        decide("encdec-t1-t1c", by_availability=best)
        promote(PromoteConfig())
        yield folder


def command(*words: object) -> int:
    from cbvsynth.entrypoint import run_function

    return run_function(predict, [str(word) for word in words], "cbvsynth predict")


def direct(slug: str) -> np.ndarray:
    from cbvsynth.training.saved_model import load_exported

    model = load_exported(Path("artifacts/train") / slug / "saved_model")
    inputs = {name.value: image(name)[np.newaxis] for name in ModelId.parse(slug).combination.sequences}
    return np.where(brain(), model(inputs)[0], 0)


@pytest.mark.usefixtures("registry")
def test_the_best_model_of_the_registry_makes_the_map(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = write_head(tmp_path, "t1 t1c")
    out = tmp_path / "cbv.nii.gz"
    assert command("--t1", files["t1"], "--t1c", files["t1c"], "--out", out, "--local") == 0
    np.testing.assert_allclose(nib.load(out).get_fdata(), direct("encdec-t1-t1c"), atol=1e-4)
    record = json.loads((tmp_path / "cbv.json").read_text())
    assert record["Model"] == "encdec-t1-t1c"
    assert (
        record["ModelDigest"]
        == read_summary(Path("artifacts/train/encdec-t1-t1c/summary.json")).saved_model_digest
    )
    assert record["WhyThisModel"].endswith("(the registry's aliases).")
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("registry")
def test_without_a_sequence_the_registrys_alias_for_the_others_is_used(tmp_path: Path) -> None:
    files, out = write_head(tmp_path, "t1"), tmp_path / "cbv.nii.gz"
    assert command("--t1", files["t1"], "--out", out, "--local") == 0
    np.testing.assert_allclose(nib.load(out).get_fdata(), direct("encdec-t1"), atol=1e-4)
    assert json.loads((tmp_path / "cbv.json").read_text())["Fallback"] is True


@pytest.mark.usefixtures("registry")
def test_versions_and_labels_are_found_or_refused(tmp_path: Path) -> None:
    from cbvsynth.client.local import LocalModels

    models = LocalModels("cbvsynth")
    assert models.named(0, "stable").model.slug == "encdec-t1-t1c"
    assert {models.named(number, "").version for number in (1, 2)} == {1, 2}
    for version, label in ((9, ""), (0, "canary")):
        with pytest.raises(RegistryError, match=r"has no version (9|with the label .canary.)"):
            models.named(version, label)
    models.close()


@pytest.mark.usefixtures("registry")
def test_a_registered_model_of_which_a_byte_changed_is_not_loaded() -> None:
    from cbvsynth.client.local import LocalModels

    models = LocalModels("cbvsynth")
    served = next(one for one in list_versions(open_registry("cbvsynth")) if one.model == "encdec-t1")
    (stored,) = Path("mlartifacts").glob(f"**/{served.run_id}/**/saved_model.pb")
    original = stored.read_bytes()
    try:
        stored.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        with pytest.raises(ModelError, match=r"saved_model\.pb differs from what was promoted"):
            models.description(models.named(served.version, ""))
    finally:
        stored.write_bytes(original)
    assert models.description(models.named(served.version, "")).model.slug == "encdec-t1"
    models.close()
