"""One map as a picture: slices of it below the image that they belong to, with what made it."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.sequences import Sequence
from cbvsynth.pages.pictures.prediction import PredictionPicture, draw_prediction

ANATOMY = (Sequence.T1C, Sequence.FLAIR, Sequence.T1, Sequence.T2, Sequence.ADC, Sequence.ASL)
"""Which image to show above the map, the first that is there; the paper shows T1C."""


def draw_map(path: Path, made: Prediction) -> None:
    """Write the picture of a map that was made from files, PNG."""
    prepared, served = made.prepared, made.record.served
    shown = next(sequence for sequence in ANATOMY if sequence in prepared.inputs)
    assert prepared.spacing_mm is not None, "files have a voxel size"
    picture = PredictionPicture(
        anatomy=prepared.inputs[shown],
        anatomy_label=shown.label,
        cbv=made.canonical,
        brain=prepared.mask,
        spacing_mm=prepared.spacing_mm[:2],
        caption=f"{served.model.label}, version {served.version}"
        + (", standing in for a better model" if made.record.choice.fallback else ""),
        sd=made.canonical_sd,
    )
    draw_prediction(path, picture, data_range=made.cbv_max, target_unit=served.target_unit)
