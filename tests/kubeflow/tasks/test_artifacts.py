"""What tasks write for Kubeflow's page of a run."""

from __future__ import annotations

import json
from pathlib import Path

from cbvsynth.kubeflow.tasks.artifacts import name_artifact, show_file, show_markdown, show_numbers, show_text
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


def test_names_keep_their_underscores_on_a_markdown_page(tmp_path: Path) -> None:
    """Kubeflow's UI took them for emphasis: ssim3dwhole, sub-012ses-1T1w."""
    text = (
        "ssim_3d_whole of sub-012_ses-1_T1w; `epochs_a` and [a_b](docs/c_d.md), x_ y\n| mae_brain | 1.0 |\n"
    )
    show_markdown(str(tmp_path / "page"), text)
    assert (tmp_path / "page").read_text() == (
        "`ssim_3d_whole` of `sub-012_ses-1_T1w`; `epochs_a` and [`a_b`](docs/c_d.md), x_ y\n"
        "| `mae_brain` | 1.0 |\n"
    )


def test_an_artefact_says_which_model_it_is_of(tmp_path: Path) -> None:
    """In the graph every iteration shows one iteration's artefacts: a person read another model's SSIM."""
    scores = Numbers(tmp_path / "scores")
    name_artifact(scores, "Scores of encdec-t1", model="encdec-t1")
    assert scores.metadata == {"display_name": "Scores of encdec-t1", "model": "encdec-t1"}
