"""`cbvsynth k8s check`: the checks of our manifests, for an overlay of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.cli import main
from tests.k8s.overlays_of_ours import ROOT, overlay


def test_a_right_overlay_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    objects = len(overlay("staging").objects)
    assert main(["k8s", "check", str(ROOT / "k8s/overlays/staging")]) == 0
    assert f"staging (staging): {objects} objects, 0 problems; 5 ConfigMap" in capsys.readouterr().out


def test_digests_of_zeros_are_refused_before_they_are_applied(capsys: pytest.CaptureFixture[str]) -> None:
    overlay("gpu-production")
    folder = str(ROOT / "k8s/overlays/gpu-production")
    assert main(["k8s", "check", folder]) == 0
    assert main(["k8s", "check", folder, "--deployable"]) == 1
    shown = capsys.readouterr()
    assert "registry.example.org/cbvsynth has a digest of zeros" in shown.out
    assert "named above. Mend what is wrong" in shown.err


def test_an_overlay_that_does_not_render_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay("staging")
    assert main(["k8s", "check", str(tmp_path)]) == 1
    assert "cannot be rendered" in capsys.readouterr().err
