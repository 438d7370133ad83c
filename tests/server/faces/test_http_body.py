"""Bodies: with a length and in chunks, plain and packed, never larger than allowed."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest

from cbvsynth.errors import RefusedError
from cbvsynth.server.faces.http_body import read_body

BODY = b"0123456789" * 1000
CHUNKED = {"transfer-encoding": "chunked"}


def chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n" + trailers + b"\r\n"


def read(sent: bytes, headers: dict[str, str], most: int = 10_000) -> bytes:
    return read_body(io.BytesIO(sent), headers, most, lambda size: None)


def length(sent: bytes) -> dict[str, str]:
    return {"content-length": str(len(sent))}


def test_a_body_is_read_to_its_length_and_no_further():
    source = io.BytesIO(BODY + b"next")
    assert read_body(source, length(BODY), 10_000, lambda size: None) == BODY
    assert source.read() == b"next"


def test_chunks_are_put_together_and_their_trailers_are_passed_over():
    source = io.BytesIO(chunked(BODY[:7], BODY[7:], trailers=b"X: y\r\n") + b"next")
    assert read_body(source, CHUNKED, 10_000, lambda size: None) == BODY
    assert source.read() == b"next"
    assert read(b"3;name=value\r\nabc\r\n0\r\n\r\n", CHUNKED) == b"abc"


def test_gzip_is_unpacked_with_either_form_of_length():
    packed = gzip.compress(BODY)
    assert read(packed, {**length(packed), "content-encoding": "gzip"}) == BODY
    assert read(chunked(packed[:9], packed[9:]), {**CHUNKED, "content-encoding": "x-gzip"}) == BODY


def test_zeros_before_a_length_change_nothing():
    """5000 were more than Python reads, and ended the connection; 16 ended a body in chunks."""
    assert read(b"abc", {"content-length": "0" * 5000 + "3"}) == b"abc"
    assert read(b"0" * 20 + b"3\r\nabc\r\n0\r\n\r\n", CHUNKED) == b"abc"


def test_every_piece_is_asked_for_before_it_is_kept():
    taken: list[int] = []
    packed = gzip.compress(bytes(300_000))
    read_body(
        io.BytesIO(packed),
        {**length(packed), "content-encoding": "gzip"},
        300_000,
        taken.append,
    )
    assert sum(taken) == 300_000
    assert max(taken) <= 65536


BOMB = gzip.compress(bytes(50_000_000))
WRONG = {
    "no length": (b"", {}, "INVALID_ARGUMENT", "no Content-Length"),
    "a length below 0": (b"", {"content-length": "-1"}, "INVALID_ARGUMENT", "no Content-Length"),
    "digits of another script": (b"", {"content-length": "١"}, "INVALID_ARGUMENT", "no Content-Length"),
    "both lengths": (b"", {**CHUNKED, "content-length": "3"}, "INVALID_ARGUMENT", "length is not clear"),
    "another way": (b"", {"transfer-encoding": "gzip"}, "INVALID_ARGUMENT", "length is not clear"),
    "too long": (
        b"",
        {"content-length": "10001"},
        "RESOURCE_EXHAUSTED",
        "has 10001 bytes, the limit is 10000",
    ),
    "endless digits": (
        b"",
        {"content-length": "9" * 9999},
        "RESOURCE_EXHAUSTED",
        "has 99999999999999999999 bytes",
    ),
    "too short": (b"abc", {"content-length": "5"}, "INVALID_ARGUMENT", "ended after 3 of 5 bytes"),
    "chunks too long": (chunked(BODY, b"x"), CHUNKED, "RESOURCE_EXHAUSTED", "more than 10000"),
    "a chunk without end": (b"5\r\nabc", CHUNKED, "INVALID_ARGUMENT", "ended after 3 of 5 bytes"),
    "a chunk with more": (b"3\r\nabcd\r\n", CHUNKED, "INVALID_ARGUMENT", "chunks are damaged"),
    "no size": (b"x\r\n", CHUNKED, "INVALID_ARGUMENT", "chunks are damaged"),
    "a size below 0": (b"-1\r\n", CHUNKED, "INVALID_ARGUMENT", "chunks are damaged"),
    "a size without end": (b"1" * 5000, CHUNKED, "INVALID_ARGUMENT", "in the middle of its chunks"),
    "endless trailers": (b"0\r\n" + b"a: b\r\n" * 99, CHUNKED, "INVALID_ARGUMENT", "Too many lines"),
    "a bomb": (
        BOMB,
        {**length(BOMB), "content-encoding": "gzip"},
        "RESOURCE_EXHAUSTED",
        "more than 8 times its packed bytes",
    ),
    "no gzip": (BODY, {**length(BODY), "content-encoding": "gzip"}, "INVALID_ARGUMENT", "is no gzip"),
    "half a gzip": (
        b"\x1f\x8b",
        {**length(b"12"), "content-encoding": "gzip"},
        "INVALID_ARGUMENT",
        "too early",
    ),
    "two gzips": (
        gzip.compress(b"a") * 2,
        {"content-length": "42", "content-encoding": "gzip"},
        None,
        "follows",
    ),
    "another packing": (
        zlib.compress(b"a"),
        {"content-length": "9", "content-encoding": "br"},
        "UNIMPLEMENTED",
        "'br'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_a_body_is_refused(case):
    sent, headers, code, text = WRONG[case]
    with pytest.raises(RefusedError, match=text) as caught:
        read(sent, headers, 99_000_000 if case == "a bomb" else 10_000)
    assert caught.value.code == (code or "INVALID_ARGUMENT")
