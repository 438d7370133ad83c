"""docs/how-to/kubernetes-kind.md from "Ask for a map" on, typed in a cluster that has a champion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import pytest

from tests.cluster.kubectl import Kubectl
from tests.cluster.programs import program
from tests.cluster.test_how_to import commands

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.usefixtures("champion")]


@pytest.fixture
def folder(study: Path, tmp_path: Path) -> Path:
    """Where a person has the images of one examination, called as on the page."""
    t1c = min(study.rglob("*_ce-gadolinium_T1w.nii"))
    place = t1c.parents[1].relative_to(t1c.parents[3])
    (t1,) = [one for one in t1c.parent.glob("*_T1w.nii") if "ce-" not in one.name]
    (mask,) = (study / "derivatives" / "masks" / place).rglob("*_mask.nii")
    (adc,) = t1c.parents[1].rglob("*_ADC.nii")
    for name, source in {"t1": t1, "t1c": t1c, "adc": adc, "mask": mask}.items():
        nib.save(nib.load(source), tmp_path / f"{name}.nii.gz")
    return tmp_path


def test_a_map_is_asked_for_through_a_forwarded_port(kubectl: Kubectl, folder: Path) -> None:
    (forward,) = [one for one in commands() if "port-forward svc/serving" in one]
    (ask,) = [one for one in commands() if one.startswith("cbvsynth predict")]
    waits = "until (echo > /dev/tcp/localhost/8500) 2> /dev/null; do sleep 1; done"
    said = _typed(kubectl, folder, f"{forward}\n{waits}\n{ask}\nkill %1")
    assert "version 1" in said
    assert nib.load(folder / "cbv.nii.gz").shape == nib.load(folder / "t1c.nii.gz").shape


def test_what_is_looked_at_is_there(kubectl: Kubectl, tmp_path: Path) -> None:
    pods, logs = (
        _typed(kubectl, tmp_path, next(one for one in commands() if part in one))
        for part in ("get pods", "logs deployment/serving -c sync")
    )
    assert "serving-" in pods
    assert "'cbvsynth': " in logs


def _typed(kubectl: Kubectl, folder: Path, script: str) -> str:
    programs = f"{program('kubectl').parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"KUBECONFIG": str(kubectl.kubeconfig), "PATH": programs, "HOME": str(folder)}
    done = subprocess.run(
        ["timeout", "120", "bash", "-euc", script],
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    return done.stdout
