"""The row of every result table."""

from __future__ import annotations

from dataclasses import fields

from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore


def test_every_ssim_column_says_how_it_is_computed_and_in_which_version() -> None:
    columns = {field.name for field in fields(ExamScore) if field.name.startswith("ssim_")}
    assert set(SSIM_CONVENTIONS) == columns
    assert all(text.startswith("SSIM/1: ") for text in SSIM_CONVENTIONS.values())
    assert len(set(SSIM_CONVENTIONS.values())) == len(columns)
