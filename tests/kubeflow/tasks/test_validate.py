"""Who made the study decides, with its files, what validate's Kubeflow task calls the study's folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cbvsynth.kubeflow.tasks.validate import run_task
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.receipt import origin_of
from cbvsynth.phantom.study import MARKER, write_study
from tests.kubeflow.numbers import Numbers

ROOT = Path(__file__).resolve().parents[3]


def check(data: Path, place: Path) -> str:
    """Name of the study's folder."""
    given = {"data": str(data), "limits": str(ROOT / "limits.yaml"), "workspace": str(place / "workspace")}
    pages = (str(place / "report"), str(place / "chart"), Numbers(place / "counts"))
    return run_task({**given, "max_dropped_share": 1.0, "workers": 1}, *pages)


def test_an_untouched_phantom_is_said_and_the_same_images_without_its_marker_are_a_study(
    tmp_path: Path,
) -> None:
    """They get folders of their own: arrays of the one, with their origin, never stand for the other's."""
    data, users = tmp_path / "data", tmp_path / "users"
    write_study(data, StudySettings(patients=3, matrix=32, damaged=0))
    shutil.copytree(data, users)
    (users / MARKER).unlink()
    assert (origin_of(data).made_by, origin_of(users).made_by) == ("phantom", "user")
    assert check(data, tmp_path) != check(users, tmp_path)


def test_the_phantoms_receipt_is_read_without_what_the_light_image_lacks() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('nilearn', 'tensorflow', 'sklearn')))\n"
        "import cbvsynth.phantom.receipt\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
