"""The training step of `benchmarks/training.py` in PyTorch, timed in a process of its own.

    PYTHON benchmarks/training_torch.py 64x64x8 CHANNELS REPEATS THREADS float32|bfloat16

PyTorch and TensorFlow bring an LLVM each and cannot live in one process, nor need they in one environment:
PYTHON is any Python with PyTorch, and with setuptools and a C++ compiler, which torch.compile needs. Prints
JSON: formulation -> [wall seconds, CPU seconds], medians.

Formulations: 3-D convolutions with instance normalisation; slices as the batch, 2-D convolutions in
channels_last and BatchNorm2d without running statistics, which normalises over the volume as ours does;
the same compiled; both in bfloat16, where that is asked for.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn

LEARNING_RATE = 1e-3


class Block(nn.Module):
    """A residual block."""

    def __init__(self, change: nn.Module) -> None:
        super().__init__()
        self.change = change

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The input and what the block adds to it."""
        return values + self.change(values)


def generator(channels: int, *, folded: bool) -> nn.Module:
    """The paper's encoder-decoder: of volumes (1, C, H, W, D), or folded, of slices (D, C, H, W)."""
    flat = (lambda *sizes: sizes[:2]) if folded else (lambda *sizes: sizes)
    convolve, widen = (nn.Conv2d, nn.ConvTranspose2d) if folded else (nn.Conv3d, nn.ConvTranspose3d)

    def normalised(width: int) -> nn.Module:
        if folded:
            return nn.BatchNorm2d(width, track_running_stats=False)
        return nn.InstanceNorm3d(width, affine=True)

    def layer(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
        convolution = convolve(
            inputs, outputs, flat(3, 3, 1), flat(stride, stride, 1), flat(1, 1, 0), bias=False
        )
        return [convolution, normalised(outputs), nn.ReLU()]

    def up(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = widen(
            inputs, outputs, flat(3, 3, 1), flat(2, 2, 1), flat(1, 1, 0), flat(1, 1, 0), bias=False
        )
        return [convolution, normalised(outputs), nn.ReLU()]

    return nn.Sequential(
        *layer(channels, 16), *layer(16, 32, 2), *layer(32, 64, 2),
        *(Block(nn.Sequential(*layer(64, 64), *layer(64, 64)[:-1])) for _ in range(6)),
        *up(64, 32), *up(32, 16), convolve(16, 1, flat(3, 3, 1), padding=flat(1, 1, 0)), nn.ReLU(),
    )  # fmt: skip


def step_of(
    network: nn.Module, values: torch.Tensor, target: torch.Tensor, *, bfloat16: bool
) -> Callable[[], float]:
    """One training step: forward, mean absolute error, backward, Adam."""
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            made = network(values)
        loss = (made.float() - target).abs().mean()
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    return step


def steps(size: tuple[int, int, int], channels: int, *, bfloat16: bool) -> dict[str, Callable[[], float]]:
    """Every formulation's step; all start from the same kind of random weights."""
    height, width, slices = size
    volume = torch.rand(1, channels, height, width, slices), torch.rand(1, 1, height, width, slices)
    flat = tuple(one[0].permute(3, 0, 1, 2).contiguous(memory_format=torch.channels_last) for one in volume)

    def folded(*, compiled: bool = False, narrow: bool = False) -> Callable[[], float]:
        network: nn.Module = generator(channels, folded=True).to(memory_format=torch.channels_last)
        if compiled:
            network.compile()
        return step_of(network, *flat, bfloat16=narrow)

    found = {
        "Conv3d": step_of(generator(channels, folded=False), *volume, bfloat16=False),
        "folded, channels_last": folded(),
        "the same, compiled": folded(compiled=True),
    }
    if bfloat16:
        found["the same, bfloat16"] = folded(narrow=True)
        found["the same, bfloat16, compiled"] = folded(compiled=True, narrow=True)
    return found


def main() -> int:
    """Time the formulations in turn, after one untimed round."""
    text, channels, repeats, threads = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    height, width, slices = map(int, text.split("x"))
    actions = steps((height, width, slices), channels, bfloat16=sys.argv[5] == "bfloat16")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for turn in range(repeats + 1):
        for name, action in actions.items():
            start, cpu = time.perf_counter(), time.process_time()
            action()
            if turn:
                times[name].append((time.perf_counter() - start, time.process_time() - cpu))
    medians = {name: [median(column) for column in zip(*taken, strict=True)] for name, taken in times.items()}
    print(json.dumps({"version": torch.__version__, "times": medians}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
