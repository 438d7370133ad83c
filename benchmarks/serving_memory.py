"""Peak over idle memory of the embedded server, when small requests declare much.

    python benchmarks/serving_memory.py [--saved_model FOLDER] [--bytes 1000000]

Starts a server of one model, in a process of its own, and sends it requests of at most `--bytes` bytes, each
made to take as much memory as it can: shapes of which hardly a value is sent, messages of thousands of empty
parts, compressed ones, JSON of empty lists, bodies of gzip, and honest volumes. While they are answered the
resident memory of the process is read a hundred times a second. Without --saved_model the paper's network
with fresh weights is served. Prints the peak over the idle memory for each kind, and ends with 1 where one is
above the bound.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import math
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
# A file beside this one has a package's name: look for packages beside this folder, not in it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grpc
import numpy as np

from benchmarks.serving import MODEL, NAME, export_fresh
from cbvsynth.domain.sequences import ModelId
from cbvsynth.proof.processes import server_process
from cbvsynth.wire.open_inference import ModelInferRequest, method_path
from cbvsynth.wire.schema import PREDICT, PredictRequest

MOST_TIMES_IDLE = 1.5
TIMES = 4
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_LOOK_EVERY_S = 0.01
_RESOURCE_HANDLES = b"\x72\x00"
"""An empty `resource_handle_val` of a TensorProto: two bytes that become a message."""

Send = Callable[[], object]


@dataclass
class Memory:
    """Resident memory of a process, in MB: now, and the most while it is watched."""

    pid: int
    most: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        """Resident memory at this moment."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_MB

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the most while the block runs."""
        self.most = self.now()
        self._stop.clear()
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        try:
            yield
        finally:
            self._stop.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self.most = max(self.most, self.now())


def declaring(names: tuple[str, ...], shape: tuple[int, ...], values: int = 1) -> bytes:
    """A Predict request whose inputs declare a shape and list few values."""
    request = PredictRequest()
    request.model_spec.name = NAME
    for name in names:
        tensor = request.inputs[name]
        tensor.dtype = 1
        tensor.float_val.append(np.ones(values, "<f4").tobytes())
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
    return bytes(request.SerializeToString())


def of_parts(names: tuple[str, ...], most: int) -> bytes:
    """A Predict request of as many empty messages as fit."""
    begin = declaring(names, (1, 16, 16, 1))
    tensor = _RESOURCE_HANDLES * ((most - len(begin) - 100) // len(_RESOURCE_HANDLES))
    key = b"\x0a\x01x"
    value = b"\x12" + _varint(len(tensor)) + tensor
    return begin + b"\x12" + _varint(len(key + value)) + key + value


def declaring_v2(names: tuple[str, ...], shape: tuple[int, ...]) -> bytes:
    """A ModelInfer request whose inputs declare a shape and list one value."""
    request = ModelInferRequest(model_name=NAME)
    for name in names:
        request.inputs.add(name=name, datatype="FP32", shape=shape).contents.fp32_contents.append(1.0)
    return bytes(request.SerializeToString())


def honest(names: tuple[str, ...], most: int) -> bytes:
    """A Predict request of as many voxels as fit, on a square of 16 slices."""
    side = max(int(math.sqrt((most - 1000) / len(names) / 4 / 16)), 16)
    request = PredictRequest()
    request.model_spec.name = NAME
    values = np.random.default_rng(0).uniform(500, 1500, (1, side, side, 16)).astype("<f4")
    for name in names:
        tensor = request.inputs[name]
        tensor.dtype, tensor.tensor_content = 1, values.tobytes()
        for size in values.shape:
            tensor.tensor_shape.dim.add(size=size)
    return bytes(request.SerializeToString())


def requests(names: tuple[str, ...], address: str, rest: str, most: int) -> dict[str, Send]:
    """What is sent, by kind; each is smaller than `most` bytes."""
    plain = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])
    packed = grpc.insecure_channel(address, compression=grpc.Compression.Gzip)

    def call(message: bytes, path: str = PREDICT, channel: grpc.Channel = plain) -> Send:
        assert len(message) <= most or channel is packed
        return lambda: channel.unary_unary(path)(message, timeout=120)

    def post(body: bytes, path: str = f"/v1/models/{NAME}:predict", **headers: str) -> Send:
        assert len(body) <= most
        return lambda: _post(rest, path, body, headers)

    lists = b'{"inputs":{"t1":[' + b"[]," * ((most - 100) // 3) + b"[]]}}"
    numbers = b'{"instances":[' + b"0," * ((most - 100) // 2) + b"0]}"
    deep = b'{"inputs":' + b"[" * (most // 2)
    bomb = gzip.compress(bytes(200 * most))
    packed_lists = gzip.compress(b'{"inputs":{"t1":[' + b"[]," * (most // 3) + b"[]]}}")
    noise = gzip.compress(np.random.default_rng(0).integers(0, 256, most // 2, np.uint8).tobytes())
    return {
        "an honest volume": call(honest(names, most)),
        "three of [1, 7000, 7000, 1], a value each": call(declaring(names[:3], (1, 7000, 7000, 1))),
        "one of [1, 22000, 22000, 1], a value": call(declaring(names[:1], (1, 22000, 22000, 1))),
        "all of 2^62 voxels, a value each": call(declaring(names, (2**31, 2**31))),
        "all that may be made of a value": call(declaring(names, (1, 512, 512 // len(names), 3))),
        "the same in the third protocol": call(
            declaring_v2(names, (1, 7000, 7000, 1)), method_path("ModelInfer")
        ),
        "a message of empty parts": call(of_parts(names, most)),
        "a shape of many axes": call(declaring(names[:1], (1,) * (most // 5))),
        "a packed message": call(bytes(200 * most), channel=packed),
        "JSON of empty lists": post(lists),
        "JSON of numbers": post(numbers),
        "JSON nested without end": post(deep),
        "a body of gzip": post(bomb[:most], **{"Content-Encoding": "gzip"}),
        "a packed body of empty lists": post(packed_lists, **{"Content-Encoding": "gzip"}),
        "a body of noise": post(noise, **{"Content-Encoding": "gzip"}),
    }


def measure(
    base: Path, names: tuple[str, ...], most: int, folder: Path, times: int = TIMES
) -> Mapping[str, float]:
    """Peak over idle memory of a server, by kind of request; the idle memory is the one before the kind.

    Args:
        base: folder of the model.
        names: its inputs.
        most: largest request, in bytes.
        folder: for the log.
        times: how often each is sent.
    """
    flags = [
        *(f"--model_name={NAME}", f"--model_base_path={base}", "--port=0", "--rest_api_port=0"),
        "--enable_open_inference_protocol",
    ]
    found = {}
    with server_process(flags, folder / "server.log") as server:
        addresses = server.addresses(300)
        memory = Memory(server.process.pid)
        sent = requests(names, addresses["gRPC"], addresses["REST"], most)
        idle = memory.now()
        print(f"idle {idle:.0f} MB; requests of at most {most} bytes, one at a time")
        for kind, send in sent.items():
            with memory.watched():
                _repeat(send, times)
            server.require_alive()
            found[kind] = memory.most / idle
            print(f"  {kind:<44}{memory.most:>6.0f} MB {found[kind]:>6.2f}", flush=True)
    return found


def _repeat(send: Send, times: int) -> None:
    for _ in range(times):
        with suppress(grpc.RpcError, OSError, http.client.HTTPException):
            send()
        time.sleep(_LOOK_EVERY_S)


def _post(rest: str, path: str, body: bytes, headers: Mapping[str, str]) -> object:
    connection = http.client.HTTPConnection(rest, timeout=120)
    try:
        connection.request("POST", path, body, dict(headers))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def main() -> int:
    """Run it; the exit code is 1 where a kind takes more than the bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--saved_model", type=Path, help="SavedModel to serve; by default a fresh one")
    parser.add_argument("--bytes", type=int, default=1_000_000, help="largest request")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        if given.saved_model is None:
            export_fresh(base / "1")
            names = tuple(one.value for one in ModelId.parse(MODEL).combination.sequences)
        else:
            from cbvsynth.training.saved_model import load_exported

            shutil.copytree(given.saved_model, base / "1")
            names = tuple(one.value for one in load_exported(base / "1").description.sequences)
        found = measure(base, names, given.bytes, Path(folder))
    worst = max(found, key=lambda kind: found[kind])
    print(f"at most {found[worst]:.2f} times the idle memory ({worst}); bound {MOST_TIMES_IDLE}")
    return 0 if found[worst] <= MOST_TIMES_IDLE else 1


if __name__ == "__main__":
    sys.exit(main())
