"""The map as colour pictures with the research note burnt in, for viewers that show nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.study.dicom_output.facts import PICTURES_SERIES, MapFacts
from cbvsynth.study.dicom_output.slices import new_file, put_derivation
from cbvsynth.study.dicom_output.source import SourcePlanes
from cbvsynth.study.dicom_output.uids import NewUids

if TYPE_CHECKING:
    from PIL.Image import Image
    from pydicom.dataset import FileDataset

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

_LEAST_SIDE = 384
"""Pixels of the shorter side of a slice as it is drawn: below, the text would be wider than the slice."""
_BAR, _STRIP, _TEXT, _EDGE = 110, 74, 14, 8
_WHITE, _WARNING = (255, 255, 255), (255, 210, 0)
_NOTES = ("SYNTHETIC CBV, no measurement.", "Research only, not for diagnosis or treatment.")

Pixels = npt.NDArray[np.uint8]


def captures(
    frames: npt.NDArray[np.float32], source: SourcePlanes, facts: MapFacts, uids: NewUids
) -> Iterator[FileDataset]:
    """One colour picture for each slice, with a bar of colours, the unit, the model and the note.

    Args:
        frames: (slices, rows, columns) float32, not negative, in the unit of `facts`.
        source: whose slices these are.
        facts: how it was made.
        uids: makes their identifiers.
    """
    series_uid = uids.new()
    for place, values in enumerate(frames):
        made = new_file(SECONDARY_CAPTURE, source, facts.made, uids)
        for name in ("FrameOfReferenceUID", "PositionReferenceIndicator"):
            if name in made:
                delattr(made, name)  # a picture has no place
        made.Modality, made.ConversionType = "OT", "WSD"
        made.SeriesInstanceUID, made.SeriesNumber = series_uid, PICTURES_SERIES
        made.SeriesDescription = facts.description
        made.InstanceNumber = place + 1
        made.ImageType = ["DERIVED", "SECONDARY"]
        made.PatientOrientation = [letters(source.row_direction), letters(source.column_direction)]
        put_derivation(made, source, place, facts)
        _put_picture(made, draw(values, source.spacing_mm[:2], facts, f"{place + 1} of {len(frames)}"))
        yield made


def colours(share: npt.NDArray[np.float32]) -> Pixels:
    """Black, red, yellow, white for 0 to 1: shape of `share` and (3,), uint8."""
    ramps = np.stack([3.0 * share, 3.0 * share - 1.0, 3.0 * share - 2.0], axis=-1)
    return np.rint(255.0 * ramps.clip(0.0, 1.0)).astype(np.uint8)


def letters(direction: npt.NDArray[np.float64]) -> str:
    """Where a direction in DICOM's axes points, as PatientOrientation writes it, the main axis first."""
    order = np.argsort(-np.abs(direction))
    names = ("RL", "AP", "FH")
    return "".join(names[axis][int(direction[axis] > 0)] for axis in order if abs(direction[axis]) > 0.1)


def draw(
    values: npt.NDArray[np.float32], spacing_mm: tuple[float, float], facts: MapFacts, which: str
) -> Pixels:
    """One slice with its bar and its notes, (height, width, 3) uint8."""
    from PIL import Image

    shown = Image.fromarray(colours((values / facts.cbv_max).astype(np.float32)))
    height, width = values.shape[0] * spacing_mm[0], values.shape[1] * spacing_mm[1]
    scale = max(_LEAST_SIDE / min(height, width), 1.0 / min(spacing_mm))
    size = (round(width * scale), round(height * scale))
    canvas = Image.new("RGB", (size[0] + _BAR, size[1] + _STRIP))
    canvas.paste(shown.resize(size, Image.Resampling.NEAREST))
    ramp = np.linspace(1.0, 0.0, size[1] - 4 * _TEXT, dtype=np.float32)[:, np.newaxis]
    bar = Image.fromarray(colours(np.repeat(ramp, 20, axis=1)))
    canvas.paste(bar, (size[0] + _EDGE, 2 * _TEXT))
    _write(canvas, size, facts, which)
    return np.asarray(canvas)


def _write(canvas: Image, size: tuple[int, int], facts: MapFacts, which: str) -> None:
    from PIL import ImageDraw, ImageFont

    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(_TEXT)
    right, below = size[0] + _EDGE, size[1] + 4
    pen.text((right, 4), facts.shown_unit, _WHITE, font)
    pen.text((right + 26, 2 * _TEXT - 4), f"{facts.cbv_max:g}", _WHITE, font)
    pen.text((right + 26, size[1] - 3 * _TEXT), "0", _WHITE, font)
    for line, text in enumerate(_NOTES):
        pen.text((_EDGE, below + line * (_TEXT + 3)), text, _WARNING, font)
    model = f"{facts.model}, version {facts.version}, cbvsynth {__version__}; slice {which}"
    pen.text((_EDGE, below + 2 * (_TEXT + 3)), model, _WHITE, font)


def _put_picture(made: FileDataset, picture: Pixels) -> None:
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    made.Rows, made.Columns = picture.shape[:2]
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    made.BurnedInAnnotation = "NO"  # which asks for what tells who the patient is; the note does not
    content = picture.tobytes()
    made.PixelData = content + b"\0" * (len(content) % 2)
