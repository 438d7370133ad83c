"""Reading a processor's flags."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from cbvsynth.training.hardware import bfloat16_is_emulated

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU computes in bfloat16"),
]


@pytest.mark.parametrize(
    ("content", "emulated"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16\n", False),
        ("flags\t\t: amx_bf16 amx_tile\n", False),
        ("Features\t: fp asimd bf16\n", False),
        ("Features\t: fp asimd\n", True),
        ("model name\t: something else\n", False),
    ],
)
def test_bfloat16_is_emulated_where_the_flags_do_not_name_it(
    tmp_path: Path, *, content: str, emulated: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert bfloat16_is_emulated(tmp_path / "cpuinfo") is emulated


def test_nothing_is_claimed_where_the_flags_cannot_be_read(tmp_path: Path) -> None:
    assert not bfloat16_is_emulated(tmp_path / "cpuinfo")
