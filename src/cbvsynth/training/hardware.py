"""Whether this machine can do what the settings ask for at speed."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

_NATIVE = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Names of bfloat16 arithmetic among a processor's flags, on x86 and on ARM."""


def bfloat16_is_emulated(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether TensorFlow would run on a processor without bfloat16 arithmetic.

    It then computes the same, but about thirty times slower than in float32. False where there is a
    GPU, and where the processor's flags cannot be read (not Linux).
    """
    if tf.config.list_physical_devices("GPU") or not cpuinfo.is_file():
        return False
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return _NATIVE.isdisjoint(flags.split())
    return False
