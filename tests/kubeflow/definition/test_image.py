"""The names of the images."""

from __future__ import annotations

from cbvsynth import __version__
from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE, REGISTRY_IMAGE, TRAIN_IMAGE


def test_their_tags_are_the_version() -> None:
    assert f"cbvsynth:{__version__}" == LIGHT_IMAGE
    assert f"cbvsynth-train:{__version__}" == TRAIN_IMAGE
    assert f"cbvsynth-registry:{__version__}" == REGISTRY_IMAGE
