"""The warm-up record, read back with TensorFlow Serving's own classes."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import unknown_fields

from cbvsynth.domain.sequences import Combination
from cbvsynth.records.golden import WARMUP_SHAPE, made_up_inputs
from cbvsynth.training.warmup import WARMUP_FILE, write_warmup

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("shape", [WARMUP_SHAPE, (1, 64, 64, 8)])
def test_tensorflow_serving_reads_the_request_that_was_written(
    tmp_path: Path, shape: tuple[int, int, int, int]
) -> None:
    from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

    inputs = made_up_inputs(Combination.parse("t1-t1c-adc"), shape)
    write_warmup(tmp_path, "encdec-t1-t1c-adc", inputs)
    (record,) = tf.data.TFRecordDataset(str(tmp_path / WARMUP_FILE)).as_numpy_iterator()
    log = PredictionLog.FromString(record)
    request = log.predict_log.request
    assert log.WhichOneof("log_type") == "predict_log"
    assert request.model_spec.name == "encdec-t1-t1c-adc"
    assert request.model_spec.signature_name == "serving_default"
    assert sorted(request.inputs) == ["adc", "t1", "t1c"]
    for name, array in inputs.items():
        assert np.array_equal(tf.make_ndarray(request.inputs[name]), array)
    assert len(unknown_fields.UnknownFieldSet(log)) == 0


def test_the_record_is_small_enough_for_a_quick_start(tmp_path: Path) -> None:
    write_warmup(tmp_path, "m", made_up_inputs(Combination.parse("t1-t2-t1c-flair-adc"), WARMUP_SHAPE))
    assert (tmp_path / WARMUP_FILE).stat().st_size < 12_000
