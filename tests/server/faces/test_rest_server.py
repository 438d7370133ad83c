"""HTTP over a real socket: deadlines, methods, one form of error, connections."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from cbvsynth.server.faces.rest_server import Answer, Reply, Request, build_rest
from cbvsynth.server.flags import ServerOptions


def echo(request: Request) -> Reply:
    if request.method in ("GET", "HEAD"):
        return Reply(200, "text/plain", request.path.encode())
    from cbvsynth.errors import RefusedError

    try:
        return Reply(200, "text/plain", request.read_body(lambda size: None))
    except RefusedError as error:
        return Reply(504 if error.code == "DEADLINE_EXCEEDED" else 400, "text/plain", str(error).encode())


@contextmanager
def serving(answer: Answer, **flags: int) -> Iterator[tuple[str, int]]:
    server = build_rest(answer, ServerOptions(rest_api_port=0, **flags))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server.server_address[:2]
    server.finish(5)
    thread.join()


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with serving(echo, rest_api_timeout_in_ms=400, max_request_bytes=10_000) as address:
        yield address


def say(address, *parts: bytes, pause_s: float = 0.0) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and the rest of what one connection answers until it is closed or silent."""
    with socket.create_connection(address, timeout=20) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
            time.sleep(pause_s)
        connection.settimeout(1.5)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            pass
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), rest


def test_a_body_that_comes_a_byte_at_a_time_is_cut_at_the_deadline(address):
    """A byte in five seconds kept a connection for ever: the wait began anew with each."""
    begin = time.monotonic()
    head = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
    status, headers, text = say(address, head, *[b"x"] * 20, pause_s=0.1)
    assert status.startswith("HTTP/1.1 504")
    assert text == b"The request did not come within 400 ms."
    assert headers["Connection"] == "close"
    assert time.monotonic() - begin < 10


def test_headers_that_come_slowly_are_cut_too(address):
    status, _, rest = say(address, b"GET / HTTP/1.1\r\n", *[b"A: b\r\n"] * 10, pause_s=0.1)
    assert (status, rest) == ("", b"")


def test_head_is_get_without_its_content(address):
    status, headers, rest = say(address, b"HEAD /abc HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert status.startswith("HTTP/1.1 200")
    assert (headers["Content-Length"], rest) == ("4", b"")


@pytest.mark.parametrize(
    ("sent", "status", "text"),
    [
        (b"BREW / HTTP/1.1\r\n\r\n", 501, "Unsupported method ('BREW')"),
        (b"GET / HTTP/9.9\r\n\r\n", 505, "Invalid HTTP version (9.9)"),
        (b"GET\r\n\r\n", 400, "Bad request syntax ('GET')"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "Too Long"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "Too many headers"),
    ],
)
def test_whatever_is_refused_is_refused_in_one_form(address, sent, status, text):
    """http.server answered with a page of HTML."""
    line, headers, rest = say(address, sent)
    assert line.startswith(f"HTTP/1.1 {status}")
    assert headers["Content-Type"] == "application/json"
    content = json.loads(rest)
    assert list(content) == ["error"]
    assert text in content["error"]
    assert "Python" not in headers["Server"]


def test_packed_and_chunked_bodies_are_read_and_the_connection_goes_on(address):
    packed = gzip.compress(b"hello")
    first = b"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    second = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    third = b"GET /end HTTP/1.1\r\nConnection: close\r\n\r\n"
    _, _, rest = say(address, first + second + third)
    assert rest.count(b"HTTP/1.1 200 OK") == 2
    assert rest.startswith(b"hello")
    assert b"\r\n\r\nabc" in rest
    assert rest.endswith(b"/end")


def test_two_lengths_are_refused(address):
    head = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
    status, headers, text = say(address, head)
    assert status.startswith("HTTP/1.1 400")
    assert (text, headers["Connection"]) == (b"The request has two lengths; expected one.", "close")


def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(address):
    status, headers, rest = say(
        address, b"GET /a HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
    )
    assert status.startswith("HTTP/1.1 200")
    assert (headers["Connection"], rest) == ("close", b"/a")


def test_a_client_that_leaves_in_the_middle_leaves_no_traceback(address, capfd):
    with socket.create_connection(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc")
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sendall(b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n")
    assert say(address, b"GET /c HTTP/1.1\r\nConnection: close\r\n\r\n")[2] == b"/c"
    assert capfd.readouterr().err == ""


POST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"


def test_whoever_sends_slowly_takes_no_others_place():
    with serving(echo, rest_api_num_threads=1) as address, socket.create_connection(address) as slow:
        slow.sendall(POST[:-1])
        assert [say(address, POST)[2] for _ in range(3)] == [b"abc"] * 3
        slow.sendall(POST[-1:])
        slow.settimeout(20)
        assert slow.recv(65536).startswith(b"HTTP/1.1 200")


def test_no_more_are_answered_at_a_time_than_there_are_places():
    at_once, most = [], []
    lock = threading.Lock()

    def count(request: Request) -> Reply:
        content = request.read_body(lambda size: None)
        with lock:
            at_once.append(1)
            most.append(len(at_once))
        time.sleep(0.05)
        with lock:
            at_once.pop()
        return Reply(200, "text/plain", content)

    with serving(count, rest_api_num_threads=2) as address, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: say(address, POST)[2], range(6)))
    assert answers == [b"abc"] * 6
    assert max(most) == 2
