"""The trained weights in deepbet's wheel, read without running what lies beside them.

The files are TorchScript: archives of numbers, of a program and of a pickle that names the numbers. Only the
numbers are read, in the order of the network's layers, from files whose digests are known.

Source: Fisch et al. 2024, deepbet, Comput Biol Med 179:108845 (version 1.0.2, MIT).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np

from cbvsynth.errors import InstallationError
from cbvsynth.extraction.linknet import Weights

PACKAGE = "deepbet"
ROUGH, FINE = "bbox_model.pt", "model.pt"
"""The network that finds where the brain is, and the one that outlines it."""
DIGESTS = MappingProxyType(
    {
        ROUGH: "39a7b2b5f799faa1391ea97bfcdc0b9299f20d84f2316a4ff8918dc4685e40aa",
        FINE: "de8ee7c69654d0dd3935dc4a5d84571d8ecf4637a6bfc01df399c4c2bc86e0fd",
    }
)
"""SHA-256 of each file in version 1.0.2."""
_WIDTHS = (16, 16, 32, 64, 128)
"""Channels after the first layer, and after each level of the encoder."""


def is_installed() -> bool:
    """Whether the wheel is there."""
    return find_spec(PACKAGE) is not None


def read_weights(name: str) -> Weights:
    """The layers of one network, `ROUGH` or `FINE`, float32.

    Raises:
        ModuleNotFoundError: deepbet is not installed.
        InstallationError: its file is not there, or not the one of version 1.0.2.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the weights lie in deepbet's package", name=PACKAGE)
    path = Path(next(iter(found.submodule_search_locations))).parent / "data" / "models" / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != DIGESTS[name]:
        raise InstallationError(
            f"deepbet's {name} is {'another' if content else 'missing'}; expected the one of deepbet 1.0.2. "
            "Install it again: pip install --no-deps --force-reinstall deepbet==1.0.2"
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = archive.namelist()[0].split("/", 1)[0]
        return {
            layer: np.frombuffer(archive.read(f"{root}/data/{place}"), "<f4").reshape(shape)
            for place, (layer, shape) in enumerate(_layers())
        }


def _layers() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each layer and its shape, in the order in which the archive counts them."""
    yield "init.0.weight", (_WIDTHS[0], 1, 7, 7, 7)
    for level, (narrow, wide) in enumerate(pairwise(_WIDTHS)):
        yield f"down{level}.block1.double_conv.0.weight", (wide, narrow, 3, 3, 3)
        yield f"down{level}.block1.double_conv.3.weight", (wide, wide, 3, 3, 3)
        if narrow != wide:
            yield f"down{level}.block1.downsample.0.weight", (wide, narrow, 1, 1, 1)
        yield f"down{level}.block2.double_conv.0.weight", (wide, wide, 3, 3, 3)
        yield f"down{level}.block2.double_conv.3.weight", (wide, wide, 3, 3, 3)
    for level, (wide, narrow) in enumerate(pairwise(_WIDTHS[::-1])):
        inner = wide // 4
        yield f"up{level}.conv1.0.weight", (inner, wide, 1, 1, 1)
        yield f"up{level}.tp_conv.0.weight", (inner, inner, 3, 3, 3)
        yield f"up{level}.conv2.0.weight", (narrow, inner, 1, 1, 1)
    yield "tp_conv1.0.weight", (16, 8, 3, 3, 3)
    yield "tp_conv1.0.bias", (8,)
    yield "conv.0.weight", (8, 8, 3, 3, 3)
    yield "conv.0.bias", (8,)
    yield "tp_conv2.weight", (8, 2, 2, 2, 2)
    yield "tp_conv2.bias", (2,)
