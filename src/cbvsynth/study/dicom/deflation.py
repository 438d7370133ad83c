"""Deflated DICOM is unpacked whole by whoever reads it; one that would fill the memory is told beforehand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

DEFLATED = b"1.2.840.10008.1.2.1.99"
LARGEST_UNPACKED_BYTES = 256_000_000
"""Of one deflated file; images of a head have a few megabytes. Our choice."""
_PIECE = 1 << 16
_META = struct.Struct("<128x4sHH2sHI")


def unpacks_too_far(path: Path) -> bool:
    """Whether a file is deflated DICOM of more than `LARGEST_UNPACKED_BYTES`; at most that is unpacked.

    Raises:
        OSError: it cannot be read.
        zlib.error: it is damaged.
    """
    with path.open("rb") as source:
        start = source.read(_META.size)
        if len(start) < _META.size:
            return False
        magic, group, element, representation, _, length = _META.unpack(start)
        if (magic, group, element, representation) != (b"DICM", 2, 0, b"UL") or length > 1 << 20:
            return False
        if DEFLATED not in source.read(length):
            return False
        unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while piece := unpacker.unconsumed_tail or source.read(_PIECE):
            size += len(unpacker.decompress(piece, 16 * _PIECE))
            if size > LARGEST_UNPACKED_BYTES:
                return True
        return False
