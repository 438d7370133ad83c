"""The planted faults in raw images, where each sequence has slices of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.options import Strength
from cbvsynth.phantom.acquisition import ADC_MAX, CBV_MAX
from cbvsynth.phantom.artefacts import PILE_UP, Extent, moved_while_scanned
from cbvsynth.phantom.faults import (
    SHIFT_MM,
    Fault,
    adc_factor,
    damaged_cbv,
    displacement,
    noise_factor,
    slices_kept,
)
from cbvsynth.phantom.raw.images import RawImage
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.transforms import TURNING_POINT_MM, Displacement, compose

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SPIN_ECHOES = ("t1", "t2", "t1c", "flair")


@dataclass(frozen=True)
class Damage:
    """A fault at a strength, planted in a raw examination; without a fault nothing changes."""

    fault: Fault | None
    strength: Strength
    streams: Streams

    @property
    def noise_factor(self) -> float:
        """Factor on the noise of all images."""
        return noise_factor(self.fault, self.strength)

    def displacements(self) -> dict[str, Displacement]:
        """How the head lies where the fault is a move, instead of where it would lie."""
        if self.fault is Fault.MOVED_T1C_FLAIR:
            return dict.fromkeys(("t1c", "flair"), displacement(self.strength))
        if self.fault is Fault.MISREGISTERED_CBV:
            x, y = (self.strength.share * shift for shift in SHIFT_MM)
            return {"cbv": Displacement((x, y, 0.0), (0.0, 0.0, 1.0), 0.0)}
        return {}

    def of_head(self, volumes: dict[str, Float64Array]) -> dict[str, Float64Array]:
        """What a perfect scanner would see, by role: T1C that lost a part of its contrast."""
        if self.fault is not Fault.WRONG_T1C:
            return volumes
        share = self.strength.share
        return volumes | {"t1c": share * volumes["t1"] + (1.0 - share) * volumes["t1c"]}

    def of_signal(
        self, role: str, image: Float64Array, brain: BoolArray, to_head: Float64Array
    ) -> Float64Array:
        """A noise-free image with what happens before noise; `to_head` (4, 4): from voxel to head."""
        if self.fault is Fault.MOTION and role in _SPIN_ECHOES:
            rng = np.random.default_rng(
                [self.streams.seed, self.streams.patient, int(Purpose.FAULT), _SPIN_ECHOES.index(role)]
            )
            in_plane = float(np.sqrt((to_head[:3, 0] ** 2).sum()))
            return moved_while_scanned(image, in_plane, rng, self.strength.share)
        if self.fault is Fault.METAL and role in _SPIN_ECHOES:
            return self._with_metal(image, brain, to_head, Extent.SPIN_ECHO)
        return image

    def of_map(self, role: str, image: Float64Array, brain: BoolArray, to_head: Float64Array) -> Float64Array:
        """An ADC or CBV map with what happens to it after noise."""
        if self.fault is Fault.METAL:
            damaged = self._with_metal(image, brain, to_head, Extent.ECHO_PLANAR)
            return np.asarray(np.minimum(damaged, ADC_MAX if role == "adc" else CBV_MAX))
        if role == "adc":
            return image * adc_factor(self.fault, self.strength)
        return damaged_cbv(image, brain, self.fault, self.streams, self.strength)

    def of_files(self, images: dict[str, RawImage]) -> dict[str, RawImage]:
        """The examination with what happens to whole files: wrong ones, mirrored ones, lost slices."""
        t1, cbv = images["t1"], images["cbv"]
        if self.fault is Fault.WRONG_T1C and self.strength is Strength.FULL:
            return images | {"t1c": t1}
        if self.fault is Fault.MOVED_WRONG_T1C:
            away = displacement(self.strength)
            moved = replace(t1, affine=compose(away.matrix, t1.affine), displacement=away, to_t1=away.inverse)
            return images | {"t1c": moved}
        if self.fault is Fault.MIRRORED_CBV:
            return images | {"cbv": replace(cbv, voxels=cbv.voxels[::-1])}
        if self.fault is Fault.MISSING_SLICES:
            return {role: self._cut(image) for role, image in images.items()}
        return images

    def _cut(self, image: RawImage) -> RawImage:
        kept = slices_kept(self.fault, image.voxels.shape[2], self.strength)
        return replace(image, voxels=image.voxels[:, :, :kept], brain=image.brain[:, :, :kept])

    def _with_metal(
        self, image: Float64Array, brain: BoolArray, to_head: Float64Array, extent: Extent
    ) -> Float64Array:
        """Void and pile-up around a point of the skull, in and outside the brain."""
        angle = self.streams.of_session(Purpose.FAULT).uniform(0.2, 0.8) * np.pi
        places = [_along(to_head, image.shape, axis) for axis in range(3)]
        offsets = [place - centre for place, centre in zip(places, TURNING_POINT_MM, strict=True)]
        outward = (offsets[0] * np.cos(angle) + offsets[1] * np.sin(angle))[brain]
        first = int(np.argmax(np.where(np.abs(offsets[2][brain]) < 15.0, outward, -np.inf)))
        squared = sum((place - place[brain][first]) ** 2 for place in places)
        sorted_brain = np.sort(np.asarray(squared)[brain])
        void, border = (
            sorted_brain[max(0, round(self.strength.share * share * sorted_brain.size) - 1)]
            for share in np.cumsum(extent.value)
        )
        return np.where(squared <= void, 0.0, np.where(squared <= border, image * PILE_UP, image))


def _along(to_head: Float64Array, shape: tuple[int, ...], axis: int) -> Float64Array:
    """One coordinate of every voxel in the head, mm, (X, Y, Z)."""
    i, j, k = (np.arange(size, dtype=np.float64) for size in shape)
    row = to_head[axis]
    return np.asarray(
        row[0] * i[:, None, None] + row[1] * j[None, :, None] + row[2] * k[None, None, :] + row[3]
    )
