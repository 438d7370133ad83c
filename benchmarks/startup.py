"""What a person pays before the work begins: CPU seconds of `cbvsynth --help` and of each step's.

    python benchmarks/startup.py [--rounds 5]

Each is a process of its own, with compiled bytecode in place, as after an installation. Prints the least CPU
time of the rounds, beside that of an empty Python program and of `import tyro`, the parser, and stops with 1
when one takes longer than the limit.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

MOST_S = 0.3
COMMANDS = ("", "validate", "preprocess", "train", "evaluate", "promote", "predict")


def cpu_s(arguments: list[str]) -> float:
    """CPU seconds, user and system, of one run of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Time them in turn, so that a busy machine slows all alike."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=5, help="runs of each; the first one, which compiles, is extra"
    )
    rounds = parser.parse_args().rounds
    programs = {"python -c pass": ["-c", "pass"], "import tyro": ["-c", "import tyro"]}
    for command in COMMANDS:
        words = [word for word in (command, "--help") if word]
        programs[" ".join(["cbvsynth", *words])] = ["-m", "cbvsynth.cli", *words]
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds + 1):
        for name, arguments in programs.items():
            taken[name].append(cpu_s(arguments))
    least = {name: min(times[1:]) for name, times in taken.items()}
    for name, seconds in least.items():
        print(f"{name:<28}{seconds:6.3f} s")
    return int(any(seconds > MOST_S for name, seconds in least.items() if name.startswith("cbvsynth")))


if __name__ == "__main__":
    sys.exit(main())
