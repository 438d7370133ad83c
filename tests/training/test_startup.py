"""TensorFlow starts without a word, but a failure says everything."""

import os
import subprocess
import sys

import pytest

from cbvsynth.training.startup import NOT_NEEDED, describe_device, quiet_tensorflow


def test_what_libraries_print_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_tensorflow():
        os.write(2, b"a library speaks about itself\n")
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "after\n"


def fail_to_start() -> None:
    with quiet_tensorflow():
        os.write(2, b"cannot open libcudart\n")
        raise ImportError("libcudart")


def test_what_was_held_back_is_shown_when_the_start_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError, match="libcudart"):
        fail_to_start()
    assert capfd.readouterr().err == "cannot open libcudart\n"


def test_packages_that_are_loaded_in_vain_are_absent_meanwhile_only() -> None:
    loaded_before = {name for name in NOT_NEEDED if name in sys.modules}
    with quiet_tensorflow():
        absent = {name for name in NOT_NEEDED if sys.modules.get(name, ...) is None}
        import json as already_there
    assert absent == set(NOT_NEEDED) - loaded_before
    assert already_there is sys.modules["json"]
    assert not absent & set(sys.modules)
    import pandas as pd

    assert pd.DataFrame({"a": [1]}).shape == (1, 1)


def test_settings_of_the_environment_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    with quiet_tensorflow():
        pass
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert os.environ.pop("TF_FORCE_GPU_ALLOW_GROWTH") == "true"


@pytest.mark.tensorflow
@pytest.mark.slow
def test_starting_tensorflow_prints_nothing() -> None:
    program = (
        "from cbvsynth.training.startup import describe_device, quiet_tensorflow\n"
        "with quiet_tensorflow():\n"
        "    import tensorflow as tf\n"
        "    tf.config.list_logical_devices()\n"
        "print(float(tf.constant(2.0) * 3), describe_device())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == f"6.0 {describe_device()}\n"
