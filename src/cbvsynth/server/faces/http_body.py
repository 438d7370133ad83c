"""The body of an HTTP request: with a length or in chunks, plain or by gzip, and never more than allowed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BufferedIOBase

from cbvsynth.errors import RefusedError

_PIECE_BYTES = 65536
_MOST_UNPACKED = 8
"""How many times its packed bytes a body may be, beside the first MiB: volumes in JSON are 2 to 5 times, and
what is made to fill the memory a thousand times."""
_ALWAYS_UNPACKED = 2**20
_LONGEST_LINE = 4096
_MOST_TRAILERS = 64
_GZIP = 16 + zlib.MAX_WBITS


def read_body(
    source: BufferedIOBase, headers: Mapping[str, str], most_bytes: int, take: Callable[[int], None]
) -> bytes:
    """The whole body, unpacked.

    Args:
        source: the connection, after the headers.
        headers: of the request, names in small letters.
        most_bytes: largest body, as sent and when unpacked.
        take: asked before every piece is kept, with its size.

    Raises:
        RefusedError: INVALID_ARGUMENT: its length is not said clearly, it ends too early, or is not gzip;
            RESOURCE_EXHAUSTED: it is too large; UNIMPLEMENTED: it is packed in another way.
        TimeoutError: it did not come in time.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise RefusedError(
            f"The body is packed by '{encoding}'; expected gzip or nothing.", code="UNIMPLEMENTED"
        )
    pieces = _pieces(source, headers, most_bytes)
    if encoding != "identity":
        pieces = _unpacked(pieces)
    body = bytearray()
    for piece in pieces:
        if len(body) + len(piece) > most_bytes:
            raise _too_large(f"more than {most_bytes}", most_bytes)
        take(len(piece))
        body += piece
    return bytes(body)


def _pieces(source: BufferedIOBase, headers: Mapping[str, str], most_bytes: int) -> Iterator[bytes]:
    length, transfer = headers.get("content-length"), headers.get("transfer-encoding")
    if transfer is not None:
        # With both, a proxy in front may see the end elsewhere than we do.
        if length is not None or transfer.strip().lower() != "chunked":
            raise _invalid("The body's length is not clear; expected Content-Length, or chunked.")
        return _chunks(source)
    if length is None or not (length.isascii() and length.isdigit()):
        raise _invalid("The request has no Content-Length; expected the number of bytes, or chunked.")
    digits = length.lstrip("0")[:20] or "0"  # Python reads no more than 4300
    if int(digits) > most_bytes:
        raise _too_large(digits, most_bytes)
    return _exactly(source, int(digits))


def _exactly(source: BufferedIOBase, length: int) -> Iterator[bytes]:
    # In pieces: a length that is claimed and never sent must not take the memory at once.
    left = length
    while left:
        piece = source.read(min(_PIECE_BYTES, left))
        if not piece:
            raise _invalid(f"The body ended after {length - left} of {length} bytes.")
        left -= len(piece)
        yield piece


def _chunks(source: BufferedIOBase) -> Iterator[bytes]:
    while True:
        text = _line(source).partition(b";")[0].strip()
        try:
            size = int(text, 16) if text.isalnum() else -1
        except ValueError:
            size = -1
        if size < 0:
            raise _invalid(
                "The body's chunks are damaged; expected a size in hexadecimal digits before each."
            )
        if size == 0:
            break
        yield from _exactly(source, size)
        if _line(source):
            raise _invalid("The body's chunks are damaged; expected the end of a line after each.")
    for _ in range(_MOST_TRAILERS):
        if not _line(source):
            return
    raise _invalid("Too many lines follow the body.")


def _line(source: BufferedIOBase) -> bytes:
    line = source.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise _invalid("The body ended in the middle of its chunks.")
    return line.rstrip(b"\r\n")


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.decompressobj(_GZIP)
    sent = unpacked = 0
    for packed in pieces:
        piece = packed
        sent += len(packed)
        while piece:
            if packer.eof:
                raise _invalid("Something follows the end of the gzip body.")
            try:
                part = packer.decompress(piece, _PIECE_BYTES)
            except zlib.error as error:
                raise _invalid("The body is no gzip.") from error
            unpacked += len(part)
            if unpacked > _ALWAYS_UNPACKED + _MOST_UNPACKED * sent:
                raise _too_large(f"more than {_MOST_UNPACKED} times its packed", "that, beside the first MiB")
            yield part
            piece = packer.unconsumed_tail or packer.unused_data
    while not packer.eof:
        rest = packer.decompress(b"", _PIECE_BYTES)
        if not rest:
            raise _invalid("The gzip body ended too early.")
        yield rest


def _invalid(text: str) -> RefusedError:
    return RefusedError(text, code="INVALID_ARGUMENT")


def _too_large(found: str, most_bytes: int | str) -> RefusedError:
    return RefusedError(f"The body has {found} bytes, the limit is {most_bytes}.", code="RESOURCE_EXHAUSTED")
