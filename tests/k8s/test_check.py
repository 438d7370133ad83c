"""The checks as a program, for overlays of one's own."""

from __future__ import annotations

import sys

import pytest
from cbvsynth.k8s.check import main

from tests.k8s.overlays_of_ours import ROOT, overlay


def check(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["check", *arguments])
    return main()


def test_a_right_overlay_is_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(monkeypatch, str(ROOT / "k8s/overlays/staging")) == 0
    objects = len(overlay("staging").objects)
    assert f"staging (staging): {objects} objects, 0 problems; 5 ConfigMap" in capsys.readouterr().out


def test_digests_of_zeros_are_refused_before_they_are_applied(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(ROOT / "k8s/overlays/gpu-production")
    assert check(monkeypatch, folder) == 0
    assert check(monkeypatch, folder, "--deployable") == 1
    assert "registry.example.org/cbvsynth has a digest of zeros" in capsys.readouterr().out
