"""What a served model promises: the tensors it takes and gives, and the description it carries.

One place for names, order, dtype and units, read by the exporter, the registry, the servers and the
client. No TensorFlow here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, fields
from typing import Any

from cbvsynth.domain.sequences import Combination, ModelId, Sequence, TargetUnit
from cbvsynth.errors import ModelError

PREDICT_SIGNATURE = "serving_default"
"""One float32 input per used sequence, (B, H, W, D) each, t1, t2, t1c, flair, adc, asl; output `cbv`."""
DESCRIBE_SIGNATURE = "describe"
"""No input; output `description`, a scalar string: `Description.to_json`."""
OUTPUT = "cbv"
OUTPUT_SD = "cbv_sd"
"""Beside `cbv` of a model that learned how far off it is: (B, H, W, D), the map's unit, background 0. The map
plus and minus 1.645 of it is a 90 % interval, calibrated on held-out patients."""
DESCRIPTION = "description"
DTYPE = "float32"
AXES = ("batch", "H", "W", "D")
"""Volumes of one request share a shape; H and W are the voxel axes X and Y, D is the slice axis Z."""
INPUT_UNITS = {
    Sequence.T1: "any (scaled by each volume's own mean)",
    Sequence.T2: "any (scaled by each volume's own mean)",
    Sequence.T1C: "any (scaled by each volume's own mean)",
    Sequence.FLAIR: "any (scaled by each volume's own mean)",
    Sequence.ADC: "1e-6 mm2/s",
    Sequence.ASL: "mL/100 g/min",
}
"""Unit in which each input is sent; background is 0."""
MIN_IN_PLANE = 16
"""Fewest voxels along H and W: the generator halves both twice and still needs a neighbourhood."""

DESCRIPTION_FORMAT = 1
RESEARCH_NOTE = "For research only. Not a medical device; not for diagnosis or treatment."
"""On every page, picture, model card and map, and in what a model says of itself."""

Range = tuple[float, float]
_OF_THE_SPREAD = ("interval_level", "lesion_sds")
"""Of models with the output `cbv_sd`; the JSON of others does not have them."""
_APART = ("model", *_OF_THE_SPREAD)
"""Fields of a description that its JSON words in another way."""


@dataclass(frozen=True)
class Description:
    """What a model says about itself, in the graph and therefore wherever the model goes.

    It holds nothing that differs between two exports of the same training, so that the exported bytes
    are reproducible. Scores are not in it: they are taken from the exported model.
    """

    model: ModelId
    target_unit: TargetUnit
    cbv_max: float
    """CBV that the network sees as 1, and SSIM's dynamic range, in the target unit."""
    preprocessing_version: str
    """Version of the code that brought the training images onto grid, mask and units."""
    spacing_range_mm: tuple[Range, Range, Range]
    """Smallest and largest voxel size along each axis seen in training, mm."""
    shape_range: tuple[Range, Range, Range]
    """Smallest and largest number of voxels along each axis seen in training."""
    data_fingerprint: str
    """Version of the data the model saw."""
    run_fingerprint: str
    """Digest of everything that decides the weights: settings, data, seed, versions."""
    software: str
    """Name and version of the program that exported the model."""
    interval_level: float = 0.0
    """Probability of the interval that `cbv_sd` stands for; 0 of a model without this output."""
    lesion_sds: float = 0.0
    """Half of the interval of a lesion's mean, as a multiple of the mean of `cbv_sd` in it, calibrated on
    held-out lesions; 0 where there were none."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs of the model beside its description."""
        return (OUTPUT, OUTPUT_SD) if self.interval_level else (OUTPUT,)

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """Inputs of the model, in channel order."""
        return self.model.combination.sequences

    def to_json(self) -> str:
        """The answer of the describe signature."""
        content = {
            "format": DESCRIPTION_FORMAT,
            "model": self.model.slug,
            "algorithm": self.model.algorithm.value,
            "sequences": list(self.sequences),
            "input_units": {sequence.value: INPUT_UNITS[sequence] for sequence in self.sequences},
            **{item.name: getattr(self, item.name) for item in fields(self) if item.name not in _APART},
            **{name: value for name in _OF_THE_SPREAD if (value := getattr(self, name))},
            "note": RESEARCH_NOTE,
        }
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Description:
        """Read what `to_json` wrote; keys that a later version may add are ignored.

        Raises:
            ModelError: the text is not a description, or one of another format.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            found = content["format"]
            if found != DESCRIPTION_FORMAT:
                raise ModelError(
                    f"The model's description has format {found}, expected {DESCRIPTION_FORMAT}. "
                    "Use the cbvsynth version that exported it, or train it again."
                )
            model = ModelId.parse(content["model"])
            if tuple(content["sequences"]) != model.combination.sequences:
                raise ModelError(
                    f"The model calls itself '{model}' but names the inputs {content['sequences']}; "
                    "expected the two to agree. Export it again."
                )
            return cls(
                model=model,
                target_unit=TargetUnit(content["target_unit"]),
                cbv_max=float(content["cbv_max"]),
                preprocessing_version=str(content["preprocessing_version"]),
                spacing_range_mm=_ranges(content["spacing_range_mm"]),
                shape_range=_ranges(content["shape_range"]),
                data_fingerprint=str(content["data_fingerprint"]),
                run_fingerprint=str(content["run_fingerprint"]),
                software=str(content["software"]),
                **{name: float(content.get(name, 0.0)) for name in _OF_THE_SPREAD},
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The model's description cannot be read ({error!r}); expected the JSON of a cbvsynth "
                "model. Was it exported by this project?"
            ) from error

    def require_preprocessing(self, version: str) -> None:
        """Refuse to feed the model with images prepared by another preprocessing version.

        Raises:
            ModelError: the versions differ.
        """
        if version != self.preprocessing_version:
            raise ModelError(
                f"{self.model}: trained on preprocessing version {self.preprocessing_version}, found "
                f"{version} here. Use the cbvsynth version that trained the model, or train it again."
            )

    def outside_training(self, shape: Ordered[int], spacing_mm: Ordered[float]) -> tuple[str, ...]:
        """A sentence on the shape, and one on the voxels' size, where training has not seen such.

        The map still comes out, but instance normalisation makes it depend on the field of view, so
        that a shape or voxel size outside the training range is worth a warning. A tolerance of 1 %
        absorbs the rounding of headers.
        """
        checks = (
            ("voxels", "g", shape, self.shape_range),
            ("mm", ".3g", spacing_mm, self.spacing_range_mm),
        )
        found = []
        for unit, style, values, ranges in checks:
            outside = [
                (f"{value:{style}} {unit} along {axis}", f"{low:{style}}-{high:{style}} {unit}")
                for axis, value, (low, high) in zip(AXES[1:], values, ranges, strict=True)
                if not 0.99 * low <= value <= 1.01 * high
            ]
            if outside:
                found_here, learned = (", ".join(words) for words in zip(*outside, strict=True))
                found.append(f"{found_here}, outside the training range {learned}")
        return tuple(found)


def range_of(rows: Iterable[Ordered[float]]) -> tuple[Range, Range, Range]:
    """Smallest and largest value of each of three columns, such as shapes or voxel sizes."""
    columns = list(zip(*rows, strict=True))
    first, second, third = ((float(min(column)), float(max(column))) for column in columns)
    return first, second, third


def input_names(combination: Combination) -> tuple[str, ...]:
    """Names of the inputs of `serving_default`, in channel order."""
    return tuple(sequence.value for sequence in combination.sequences)


def _ranges(value: list[list[float]]) -> tuple[Range, Range, Range]:
    first, second, third = ((float(low), float(high)) for low, high in value)
    return first, second, third
