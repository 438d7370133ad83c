"""What train says about a model survives the disk to the last digit, and a damaged summary is noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.errors import ResultError
from cbvsynth.records.origins import BY_USER, NOT_RECORDED, Origin
from cbvsynth.records.summaries import TrainSummary, read_summary, write_summary

SUMMARY = TrainSummary(
    model="encdec-t1-adc",
    algorithm="encdec",
    sequences=("t1", "adc"),
    target_unit="mL/100g",
    data_range=25.0,
    ssim_conventions=SSIM_CONVENTIONS,
    preprocessing_version="1",
    data_fingerprint="ab" * 32,
    settings={"epochs": 8, "learning_rate": 1e-05, "decoder": "deconvolution", "cbv_max": 25.0},
    seed_used=2023,
    restarts=0,
    epochs=8,
    steps=296,
    parameters=490593,
    train_examinations=37,
    held_out_examinations=16,
    means={"ssim_3d_whole": 1 / 3, "mae_lesion": None},
    sds={"ssim_3d_whole": 0.1, "mae_lesion": None},
    versions={"cbvsynth": "0.1.0"},
    saved_model_sha256={"saved_model.pb": "cd" * 32},
    saved_model_digest="ef" * 32,
    origin=Origin(BY_USER),
)


def test_a_summary_comes_back_as_written(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.json", SUMMARY)
    read = read_summary(tmp_path / "summary.json")
    assert read == SUMMARY
    assert [type(value) for value in read.settings.values()] == [int, float, str, float]


def test_the_file_begins_with_its_format_and_keeps_the_order_of_the_fields(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.json", SUMMARY)
    text = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert text.startswith('{\n  "format": 1,\n  "model": "encdec-t1-adc",\n  "algorithm": "encdec",\n')
    assert '"settings": {\n    "epochs": 8,\n    "learning_rate": 1e-05,\n' in text
    assert text.endswith('"made_by": "user",\n    "seed": null,\n    "digest": ""\n  }\n}\n')


def test_a_summary_from_before_origins_were_recorded_has_none(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.json", SUMMARY)
    content = json.loads((tmp_path / "summary.json").read_text())
    del content["origin"]
    (tmp_path / "summary.json").write_text(json.dumps(content))
    assert read_summary(tmp_path / "summary.json").origin == NOT_RECORDED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, expected 1"),
        ({"sequences": "t1"}, r"Expected `array`, got `str` - at `\$\.sequences`"),
        ({"means": {"ssim_3d_whole": "high"}}, r"at `\$\.means"),
        ({"parameters": 1.5}, r"at `\$\.parameters`"),
    ],
)
def test_a_damaged_summary_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "summary.json"
    write_summary(path, SUMMARY)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ResultError, match=rf"is not the summary of a trained model \(.*{message}"):
        read_summary(path)


def test_a_missing_summary_says_to_run_train(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"summary\.json does not exist; run train first"):
        read_summary(tmp_path / "summary.json")
