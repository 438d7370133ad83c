"""What the Kubeflow tasks share: settings, the workspace, artefacts, the border."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.domain.options import Baseline, Decoder, SplitUnit
from cbvsynth.errors import DataError, ResultError, StorageError, UsageError
from cbvsynth.kubeflow.tasks.artifacts import show_numbers
from cbvsynth.kubeflow.tasks.guard import guarded, said_of
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest
from cbvsynth.kubeflow.tasks.workspace import hand_over, keep, scratch_folder, take_over


class Numbers:
    """Kubeflow's Metrics, as far as it is used."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.logged: dict[str, float] = {}

    def log_metric(self, metric: str, value: float) -> None:
        self.logged[metric] = value


def test_a_config_comes_from_words_lists_and_numbers_as_kubeflow_hands_them_over() -> None:
    config = config_from(
        PreprocessConfig,
        {"split_by": "examination", "held_out_share": 0.25, "seed": 7, "workspace": "ignored"},
        data=Path("d"),
    )
    assert config == PreprocessConfig(
        data=Path("d"), split_by=SplitUnit.EXAMINATION, held_out_share=0.25, seed=7
    )
    evaluate = config_from(EvaluateConfig, {"required_baselines": ["tissue-mean"], "margin": 0})
    assert evaluate.required_baselines == (Baseline.TISSUE_MEAN,)
    assert type(evaluate.margin) is float


def test_a_config_takes_only_its_own_fields_and_keeps_its_defaults() -> None:
    assert config_from(TrainConfig, {"model": "encdec-t1", "counts": object()}) == TrainConfig("encdec-t1")


@pytest.mark.parametrize(
    ("config_class", "given", "message"),
    [
        (
            TrainConfig,
            {"model": "encdec-t1", "decoder": "magic"},
            "decoder is 'magic'; expected one of deconvolution",
        ),
        (TrainConfig, {"model": "encdec-t1", "epochs": 0}, "epochs is 0; expected 1 or more"),
        (ValidateConfig, {"layout": ""}, "layout is ''; expected one of auto"),
    ],
)
def test_a_value_that_fits_nothing_is_a_usage_error(config_class: type, given: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        config_from(config_class, given)


def test_settings_leave_out_folders_and_give_the_same_digest_for_the_same_content() -> None:
    here = TrainConfig("encdec-t1", out=Path("a"), decoder=Decoder.UPSAMPLE)
    there = TrainConfig("encdec-t1", out=Path("b"), decoder=Decoder.UPSAMPLE)
    assert plain_settings(here) == plain_settings(there)
    assert "out" not in plain_settings(here)
    assert "model" not in plain_settings(here, without=frozenset({"model"}))
    digest = short_digest({"a": 1, "b": [Decoder.UPSAMPLE]})
    assert digest == short_digest({"b": ["upsample"], "a": 1})
    assert digest != short_digest({"a": 2, "b": ["upsample"]})
    assert len(digest) == 16


def test_a_finished_folder_gets_its_name_and_one_that_is_there_stays(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with scratch_folder(tmp_path / "workspace") as scratch:
            (scratch / "out").mkdir()
            (scratch / "out/file").write_text(content)
            keep(scratch / "out", tmp_path / "workspace/validate/abc")
    assert (tmp_path / "workspace/validate/abc/file").read_text() == "first"
    assert [path.name for path in (tmp_path / "workspace").iterdir()] == ["validate"]


def test_a_scratch_folder_goes_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError), scratch_folder(tmp_path):
        raise DataError("anything")
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StorageError, match="The workspace file cannot be written to"),
        scratch_folder(tmp_path / "file"),
    ):
        pass


def test_what_is_handed_over_is_taken_over(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "artefact")
    hand_over(path, {"folder": "preprocess/1", "data_fingerprint": "f"})
    assert take_over(path, "data_fingerprint", "folder") == ("f", "preprocess/1")
    with pytest.raises(ResultError, match="expected verdict"):
        take_over(path, "verdict")
    with pytest.raises(ResultError, match="FileNotFoundError"):
        take_over(str(tmp_path / "none"), "folder")


def test_numbers_are_logged_and_written_and_missing_ones_left_out(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path / "scores")
    show_numbers(numbers, {"ssim": 0.9, "lesion_bias": None})
    assert numbers.logged == {"ssim": 0.9}
    assert json.loads((tmp_path / "scores").read_text()) == {"ssim": 0.9}


@pytest.mark.parametrize(("error", "code"), [(DataError("no examinations"), 1), (UsageError("epochs"), 2)])
def test_an_error_of_ours_ends_a_task_with_one_line(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def task() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        guarded(task)
    assert caught.value.code == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_task_gives_its_result_and_leaves_logging_as_it_was() -> None:
    """Kubeflow's executor has every library log at INFO; Great Expectations alone says hundreds of lines."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    try:
        assert guarded(lambda word: (word, logging.getLogger().level), "x") == ("x", logging.WARNING)
        assert root.level == logging.INFO
    finally:
        root.setLevel(before)


def test_what_a_step_says_of_its_folder_names_the_final_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with said_of(tmp_path / ".unfinished") as said:
        print(f"report: {tmp_path / '.unfinished'}/report.html")
        said.place = Path("evaluate/abc")
    assert capsys.readouterr().out == "report: evaluate/abc/report.html\n"


def test_what_a_step_said_before_it_failed_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> None:
        with said_of(tmp_path):
            print("said before it failed")
            raise DataError("failed")

    with pytest.raises(DataError):
        failing()
    assert capsys.readouterr().out == "said before it failed\n"
