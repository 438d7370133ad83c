"""Starting TensorFlow: without the lines that it prints about itself, and without what it does not need."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from types import ModuleType

from cbvsynth.domain.wording import counted

NOT_NEEDED = ("matplotlib", "pandas", "sklearn")
"""Keras imports these where they are installed, for wrappers and pictures that training does not use:
2.3 of 6.9 CPU seconds of every start, measured with Keras 3.15."""


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import and initialise TensorFlow inside this block; its start-up lines are not shown.

    Its libraries write to the file descriptor before their log level has an effect, so the descriptor
    is redirected meanwhile; when the block fails, everything held back is shown. Packages that would
    be loaded for nothing are hidden. Variables of the environment that are set already are respected.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several models may share a GPU
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # by itself only on AVX512-VNNI: decision 0084
    sys.stderr.flush()
    shown = os.dup(2)
    with TemporaryFile() as held_back, _absent(NOT_NEEDED):
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


@contextmanager
def _absent(names: Iterable[str]) -> Iterator[None]:
    """Make packages look as if they were not installed, but for those that are imported already."""
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None marks a module as absent
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)


def describe_device() -> str:
    """What TensorFlow calculates on: the GPU's name, or the number of CPU threads."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return str(name)
    return f"CPU, {counted(len(os.sched_getaffinity(0)), 'thread')}"
