"""What the numbers of a lesion segmentation mean, or that nobody can know."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import ENHANCING_LABEL, LEGACY_ENHANCING_LABEL
from cbvsynth.errors import VolumeError

_FULL_BYTE = 255
"""What programs for pictures write where a mask is 1."""
_SHOWN_LABELS = 12


def lesion_labels(stored: npt.NDArray[np.float32], enhancing_label: int) -> npt.NDArray[np.uint8]:
    """A segmentation in this project's labels: 1 necrosis, 2 oedema, 3 enhancing, 4 cavity.

    A mask of 0 and 255 is one of 0 and 1. Where the study does not say which label is enhancing tumour, a 3
    in the segmentation does; a 4 without a 3 is enhancing tumour in BraTS until 2022 and the resection cavity
    since, so that it is asked about.

    Args:
        stored: (X, Y, Z) labels as they are in the file.
        enhancing_label: the number of enhancing tumour, 3 or 4; 0 where the study does not say.

    Raises:
        VolumeError: a label is not known, or its meaning is not; the message lists the labels found.
    """
    values = np.unique(stored)
    found = [float(value) for value in values if value != 0.0]
    if found == [_FULL_BYTE]:
        return np.where(stored == _FULL_BYTE, 1, 0).astype(np.uint8)
    known = {1, 2, 4} if enhancing_label == LEGACY_ENHANCING_LABEL else {1, 2, 3, 4}
    listed = ", ".join(f"{value:g}" for value in found[:_SHOWN_LABELS])
    listed += ", ..." if len(found) > _SHOWN_LABELS else ""
    if not set(found) <= known:
        expected = ", ".join(map(str, sorted(known)))
        raise VolumeError(
            f"its labels are {listed}; expected {expected} (1 necrosis, 2 oedema, "
            f"{_meaning(enhancing_label)}), or a mask of 0 and 1 or 255. Give these labels to the lesion, or "
            "leave the segmentation out."
        )
    if not enhancing_label and LEGACY_ENHANCING_LABEL in found and ENHANCING_LABEL not in found:
        raise VolumeError(
            f"its labels are {listed}, and 4 without 3 is enhancing tumour in BraTS until 2022, but the "
            "resection cavity since. Say which label is enhancing tumour, 4 or 3, in the manifest's column "
            "enhancing_label, or for all with cbvsynth manifest --enhancing_label."
        )
    labels = stored.astype(np.uint8)
    if enhancing_label == LEGACY_ENHANCING_LABEL:
        labels[labels == LEGACY_ENHANCING_LABEL] = ENHANCING_LABEL
    return labels


def _meaning(enhancing_label: int) -> str:
    return "4 enhancing" if enhancing_label == LEGACY_ENHANCING_LABEL else "3 enhancing, 4 cavity"
