"""Starting TensorFlow without the lines that it prints about itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import and initialise TensorFlow inside this block; its start-up lines are not shown.

    Its libraries write to the file descriptor before their log level has an effect, so the descriptor
    is turned away meanwhile. When the block fails, everything held back is shown. Variables of the
    environment that are set already are respected.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several models may share a GPU
    sys.stderr.flush()
    shown = os.dup(2)
    with TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
            if failed:
                held_back.seek(0)
                os.write(2, held_back.read())


def describe_device() -> str:
    """What TensorFlow calculates on: the GPU's name, or the number of CPU threads."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return str(name)
    return f"CPU, {len(os.sched_getaffinity(0))} threads"
