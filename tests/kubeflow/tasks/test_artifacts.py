"""What tasks write for Kubeflow's page of a run."""

from __future__ import annotations

import json
from pathlib import Path

from cbvsynth.kubeflow.tasks.artifacts import show_file, show_numbers, show_text
from tests.kubeflow.numbers import Numbers


def test_numbers_are_logged_and_written_and_missing_ones_left_out(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path / "scores")
    show_numbers(numbers, {"ssim": 0.9, "lesion_bias": None})
    assert numbers.logged == {"ssim": 0.9}
    assert json.loads((tmp_path / "scores").read_text()) == {"ssim": 0.9}


def test_a_page_is_written_where_kubeflow_made_no_folder_yet(tmp_path: Path) -> None:
    show_text(str(tmp_path / "task" / "page"), "text")
    show_file(str(tmp_path / "other" / "copy"), tmp_path / "task" / "page")
    assert (tmp_path / "other" / "copy").read_text() == "text"
