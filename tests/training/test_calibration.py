"""Learned spreads are stretched until they hold in patients that were not asked."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.sequences import Combination
from cbvsynth.domain.uncertainty import SDS_IN_HALF_WIDTH
from cbvsynth.training.calibration import SpreadNetworks, calibrate
from cbvsynth.training.dataset import usable_examinations
from tests.training.cached_study import SHAPE, write_study

pytestmark = pytest.mark.tensorflow

T1C = Combination.parse("t1c")


class Constant(keras.Model):  # type: ignore[misc]  # keras has no type information
    """A map of 4 of 25 everywhere."""

    def features(self, volume: tf.Tensor) -> tf.Tensor:
        return tf.zeros((SHAPE[2], *SHAPE[:2], 1))

    def map_of(self, features: tf.Tensor) -> tf.Tensor:
        return tf.fill(SHAPE, 0.16)


class Expecting(keras.Model):  # type: ignore[misc]  # keras has no type information
    """The same error everywhere."""

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return tf.fill(SHAPE, 0.04)


def test_factors_are_those_of_the_errors_themselves(tmp_path: Path) -> None:
    index = write_study(tmp_path, held_out=6, without_seg=["e05"])
    examinations = usable_examinations(index, "held-out", T1C)
    found = calibrate(SpreadNetworks(Constant(), Expecting(), T1C, 25.0), index, examinations)
    reaches, lesions = [], []
    for one in examinations:
        real, mask = np.asarray(index.array(one.exam_id, "cbv")), np.asarray(index.array(one.exam_id, "mask"))
        reaches.append(np.quantile(np.abs(real[mask] - 4.0) / 1.0, 0.9))
        if index.has(one.exam_id, "seg"):
            region = lesion_region(np.asarray(index.array(one.exam_id, "seg")), mask)
            lesions.append(abs(real[region].mean() - 4.0))
    assert found.sd_factor == pytest.approx(max(reaches) / SDS_IN_HALF_WIDTH, rel=1e-4)
    assert found.lesion_sds == pytest.approx(max(lesions) / found.sd_factor, rel=1e-4)
    first = found.rows[0]
    assert first.brain_half_width == pytest.approx(max(reaches[1:]), rel=1e-4)
    assert first.lesion_half_width == pytest.approx(max(lesions[1:]), rel=1e-4)
    assert (first.lesion_synthetic, first.diagnosis) == (4.0, examinations[0].diagnosis)
    assert all(0.8 < row.brain_coverage <= 1 for row in found.rows)
    assert math.isnan(next(row for row in found.rows if row.exam_id == "e05").lesion_real)


def test_a_single_patient_is_judged_by_nobody(tmp_path: Path) -> None:
    index = write_study(tmp_path, held_out=1)
    networks = SpreadNetworks(Constant(), Expecting(), T1C, 25.0)
    (row,) = calibrate(networks, index, usable_examinations(index, "held-out", T1C)).rows
    assert math.isnan(row.brain_coverage)
    assert math.isnan(row.lesion_half_width)


def test_a_lesion_is_what_the_scores_measure(tmp_path: Path) -> None:
    """The interval was of the whole segmentation with its oedema, the threshold of the enhancing part."""
    index = write_study(tmp_path, held_out=2)
    one, other = usable_examinations(index, "held-out", T1C)
    seg, real = (np.array(index.array(one.exam_id, name)) for name in ("seg", "cbv"))
    inside = np.argwhere(np.asarray(index.array(one.exam_id, "mask")))
    first, second = map(tuple, inside[:2])
    seg[...] = 0
    seg[first], seg[second] = 3, 2
    np.save(tmp_path / one.exam_id / "seg.npy", seg)
    networks = SpreadNetworks(Constant(), Expecting(), T1C, 25.0)
    (row, _) = calibrate(networks, index, (one, other)).rows
    assert row.lesion_real == pytest.approx(float(real[first]), rel=1e-5)
