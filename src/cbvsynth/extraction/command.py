"""Brain extraction by a program of the lab's own: a command line with a place for the image and the mask."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import brain_of
from cbvsynth.domain.geometry import Grid, lies_on, to_canonical
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import ExtractionError, UsageError, VolumeError
from cbvsynth.study.nifti import read_volume, write_volume

IMAGE, MASK = "{image}", "{mask}"
"""Where the command line takes the image's file, and where it puts the mask's."""
_MOST_WORDS = 300
"""Letters of what a program said last that a message repeats."""


def command_words(command: str) -> list[str]:
    """The words of a command line, as a shell would part them; no shell runs them.

    Raises:
        UsageError: a quotation mark is left open, or the image or the mask has no place in it.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(
            f"brain_command is '{command}', in which a quotation mark is left open; close it."
        ) from error
    missing = [place for place in (IMAGE, MASK) if not any(place in word for word in words)]
    if missing:
        raise UsageError(
            f"brain_command is '{command}', without {' and '.join(missing)}; expected both, as in "
            f"'hd-bet -i {IMAGE} -o {MASK}'."
        )
    return words


def run_command(image: Volume, words: Sequence[str], timeout_s: float, label: str) -> npt.NDArray[np.bool_]:
    """The brain, (X, Y, Z) bool, that a program finds in an image whose axes are RAS.

    The program gets a copy named image.nii.gz in a folder of its own, which is removed afterwards, and no
    standard input. What it writes may be a mask, probabilities, or the image with the brain alone.

    Raises:
        UsageError: the program is not there.
        ExtractionError: the program failed, took too long, or wrote no mask of this image.
    """
    with TemporaryDirectory(prefix="cbvsynth-brain-") as name:
        folder = Path(name)
        source, target = folder / "image.nii.gz", folder / "mask.nii.gz"
        write_volume(source, image, unit_note="to extract the brain from")
        places = {IMAGE: str(source), MASK: str(target)}
        _run([_filled(word, places) for word in words], folder, timeout_s, label)
        if not target.is_file():
            raise ExtractionError(
                f"{label}: '{words[0]}' ended well but left no file at {MASK}; expected the mask there. "
                "Check brain_command."
            )
        return _mask_of(target, image, words[0], label)


def _filled(word: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        word = word.replace(place, path)
    return word


def _run(words: Sequence[str], folder: Path, timeout_s: float, label: str) -> None:
    program = Path(words[0]).name
    said = folder / "said.txt"
    with said.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603  the lab's own program, and no shell
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise UsageError(
                f"brain_command names '{words[0]}', which is not there or cannot be run. Install it, or give "
                "its full path."
            ) from error
        try:
            code = process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ExtractionError(
                f"{label}: '{program}' found no brain in {timeout_s:g} s and was stopped. Give it longer "
                "with --brain_timeout_s, or look at what holds it up."
            ) from error
        finally:
            _end(process)
    if code:
        raise ExtractionError(
            f"{label}: '{program}' ended with code {code}: {_last_words(said, folder)}. Run brain_command by "
            "hand on a copy of the image."
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the program and what it started; nothing happens where it has ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_words(said: Path, folder: Path) -> str:
    text = said.read_text(encoding="utf-8", errors="replace").replace(str(folder), "…")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_MOST_WORDS].rstrip(".") if lines else "it said nothing"


def _mask_of(path: Path, image: Volume, program: str, label: str) -> npt.NDArray[np.bool_]:
    try:
        stored = to_canonical(read_volume(path, "mask"))
        brain, _ = brain_of(stored.data)
    except VolumeError as error:
        raise ExtractionError(f"{label}: what '{Path(program).name}' wrote is no mask: {error}") from error
    if not lies_on(Grid.of(stored), Grid.of(image)):
        raise ExtractionError(
            f"{label}: the mask of '{Path(program).name}' has shape {stored.shape} and another grid than the "
            f"image, {image.shape}; expected the image's own grid. Let the program write it there."
        )
    return brain
