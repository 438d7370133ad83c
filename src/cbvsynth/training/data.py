"""What the training loop asks of its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TrainingExample:
    """One examination as the networks see it.

    inputs: (H, W, D, C) float32, normalised intensities, channels in the combination's order.
    target: (H, W, D) float32, CBV as a share of cbv_max.
    foreground: (H, W, D) float32, what an error counts: 0 where every input is zero, else 1, or the weight
        of a lesion in a segmented one.
    lesion: (H, W, D) float32, 1 in a segmented lesion, else 0; None where nobody asks for it.
    """

    inputs: npt.NDArray[np.float32]
    target: npt.NDArray[np.float32]
    foreground: npt.NDArray[np.float32]
    lesion: npt.NDArray[np.float32] | None = None

    @property
    def parts(self) -> tuple[npt.NDArray[np.float32], ...]:
        """What a training step takes, in its order."""
        always = (self.inputs, self.target, self.foreground)
        return always if self.lesion is None else (*always, self.lesion)


class TrainingData(Protocol):
    """Examinations by number; `load` is called from a background thread, one call at a time."""

    def __len__(self) -> int:
        """Number of examinations."""
        ...

    def load(self, index: int) -> TrainingExample:
        """Examination number `index`, 0 <= index < len(self); the same values at every call."""
        ...
