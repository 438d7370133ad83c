"""The weights in deepbet's wheel."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cbvsynth.errors import InstallationError
from cbvsynth.extraction import weights


@pytest.mark.parametrize("name", [weights.ROUGH, weights.FINE])
def test_all_layers_are_read_as_numbers(name: str) -> None:
    layers = weights.read_weights(name)
    assert len(layers) == 38
    assert layers["init.0.weight"].shape == (16, 1, 7, 7, 7)
    assert layers["tp_conv2.bias"].shape == (2,)
    assert all(layer.dtype == np.float32 and np.isfinite(layer).all() for layer in layers.values())


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Let the package seem to lie in a folder; where its weights would be."""
    found = SimpleNamespace(submodule_search_locations=[str(folder / "deepbet")])
    monkeypatch.setattr(weights, "find_spec", lambda _: found)
    return folder / "data" / "models"


def test_a_missing_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere(monkeypatch, tmp_path)
    with pytest.raises(InstallationError, match=r"deepbet's model.pt is missing; .* deepbet==1\.0\.2"):
        weights.read_weights(weights.FINE)


def test_one_changed_byte_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_spec("deepbet")
    assert spec is not None
    assert spec.origin is not None
    models = Path(spec.origin).parents[1] / "data" / "models"
    shutil.copytree(models, elsewhere(monkeypatch, tmp_path))
    changed = tmp_path / "data" / "models" / weights.FINE
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with pytest.raises(InstallationError, match=r"model\.pt is another"):
        weights.read_weights(weights.FINE)


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    assert not weights.is_installed()
    with pytest.raises(ModuleNotFoundError) as raised:
        weights.read_weights(weights.ROUGH)
    assert raised.value.name == "deepbet"
