"""A step's config from what Kubeflow hands over, and digests of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig, PreprocessConfig, TrainConfig, ValidateConfig
from cbvsynth.domain.options import Baseline, Decoder, SplitUnit
from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest


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
        (TrainConfig, {"model": "encdec-t1", "epochs": 0}, "epochs is 0; expected 1 to 1000000"),
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
