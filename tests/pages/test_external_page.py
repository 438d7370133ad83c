"""The page of an external set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.pages.external_page import (
    SCANNERS_HEADER,
    ExternalPage,
    scanner_cells,
    verdict_sentence,
    write_external_page,
)
from cbvsynth.records.external import ExternalResult
from cbvsynth.signature import RESEARCH_NOTE
from tests.pages.web_page import require_good_page
from tests.records.test_external import GROUP, OPEN, PASSED, RESULT
from tests.registry.trained_models import score
from tests.training.cached_study import write_study


def page_of(tmp_path: Path, result: ExternalResult) -> str:
    index = write_study(tmp_path / "images", train=0, held_out=3)
    maps = {"e01": np.array(index.array("e01", "cbv"), np.float32)}
    scores = [replace(score(result.model, number, 0.9), lesion_cbv_real=4.0 + number) for number in range(3)]
    (tmp_path / "out").mkdir(parents=True)
    write_external_page(tmp_path / "out", ExternalPage(result, scores, (), maps, index))
    return require_good_page(tmp_path / "out" / "report.html")


def test_a_version_that_fails_is_said_to_with_scanner_drift_and_what_was_left_out(tmp_path: Path) -> None:
    html = page_of(tmp_path, RESULT)
    assert RESEARCH_NOTE in html
    for words in (
        "does not hold",
        "lesion-bias",
        "Achieva, 3 T",
        "Inputs that drift on",
        "a note",
        "metal artefact",
    ):
        assert words in html
    assert "has no CBV map to compare with" in html
    assert "9 voxels along D" in html
    assert (tmp_path / "out" / "drift.csv").is_file()


def test_without_training_data_the_page_says_what_was_not_measured(tmp_path: Path) -> None:
    alone = [replace(shift, reference_patients=0, drifts=False) for shift in RESULT.inputs]
    html = page_of(tmp_path, replace(RESULT, inputs=tuple(alone), checks=(PASSED,)))
    assert "Not measured: the examinations that the version learned from are not at hand" in html
    assert '<p class="word">holds</p>' in html


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (RESULT, "It fails 1 guard here: lesion-bias. Unlike at home: T1C, contrast."),
        (
            replace(RESULT, checks=(PASSED, OPEN), inputs=()),
            "holds here. Not answered by these data: discrimination.",
        ),
    ],
)
def test_the_verdict_is_a_sentence(result: ExternalResult, words: str) -> None:
    assert words in verdict_sentence(result)


def test_a_scanner_is_a_row() -> None:
    row = scanner_cells(GROUP)
    assert row == ("Achieva, 3 T", "12", "10", "87.00 ± 1.00", "1.00", "11", "+2.50", "2.60", "1")
    assert len(row) == len(SCANNERS_HEADER)
    assert scanner_cells(replace(GROUP, ssim_mean=None, lesion_bias=None))[3:7:3] == ("–", "–")
