"""One examination's arrays as training reads them: one grid, brain only, physical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import canonical_grid, lies_on
from cbvsynth.domain.intensity import adc_in_e6_mm2_per_s, cbf_in_ml_per_100g_min, check_cbv_unit
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import VolumeError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings, choose_brain
from cbvsynth.extraction.choice import without_ignored_mask
from cbvsynth.registration import place_images
from cbvsynth.study.aligned import AlignedExamination, align, read_stored, require_numbers
from cbvsynth.study.image_files import ImageFiles, read_files


@dataclass(frozen=True)
class ArrayFacts:
    """What can be known about an examination's arrays without opening them.

    `arrays` holds their names. `affine` maps voxels to RAS millimetres. `resampled` holds the roles
    whose file lay on another grid than the examination's. `displacements_mm` says how far each image lay from
    T1, where that was measured; `moved` holds the roles that were moved into place. `adc_unit` is the unit
    the file was stored in, empty without ADC; the array is in 1e-6 mm2/s. `cbv_median` is the brain's, in the
    target unit; `cbv_negative_share` is the share (0-1) of the brain's voxels that were below 0 and became 0.
    `placing_warnings` are sentences about images that were moved or may have to be.
    """

    fingerprint: str
    arrays: tuple[str, ...]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: tuple[tuple[float, ...], ...]
    resampled: tuple[str, ...]
    mask_source: str
    adc_unit: str
    cbv_median: float
    cbv_negative_share: float
    displacements_mm: Mapping[str, float] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    placing_warnings: tuple[str, ...] = ()

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """Sequences that have an array, in channel order."""
        return tuple(sequence for sequence in Sequence if sequence.value in self.arrays)


@dataclass(frozen=True, eq=False)
class ExaminationArrays:
    """Arrays by name as `records.examinations` documents them, each (X, Y, Z), and the facts about them."""

    arrays: Mapping[str, npt.NDArray[np.generic]]
    facts: ArrayFacts


def prepare_examination(  # noqa: PLR0913  half of them have a default
    root: Path,
    examination: Examination,
    fingerprint: str,
    register: Register = Register.OFF,
    brain: BrainSettings = DEFAULT_BRAIN,
    *,
    files: ImageFiles | None = None,
) -> ExaminationArrays:
    """Read an examination, align it, mask it, bring ADC to 1e-6 mm2/s; CBV and CBF below 0 become 0.

    CBV keeps the target unit and its scale; nothing is normalised. `files` are its files where they have
    been read already.

    Raises:
        VolumeError: there is no CBV map, or an image cannot be read.
        GridError: the images do not show the same place, or one cannot be registered.
        UnitError: ADC, CBF or CBV cannot be in a known unit.
        ManifestError: a path leaves the data root.
    """
    if examination.cbv is None:
        raise VolumeError(
            f"{examination.exam_id}: there is no CBV map to learn from. Run validate again, which drops such "
            "examinations."
        )
    examination = without_ignored_mask(examination, brain)
    stored = read_stored(examination, files or read_files(root, examination))
    placing = place_images(examination, stored, "cbv", register)
    chosen = choose_brain(examination, stored, placing.moves, brain)
    aligned = align(examination, chosen.stored, "cbv", chosen.moves)
    require_numbers(aligned, examination)
    assert aligned.cbv is not None
    mask = aligned.mask
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    adc_unit = ""
    for sequence, image in aligned.inputs.items():
        if sequence is Sequence.ADC:
            image, adc_unit = adc_in_e6_mm2_per_s(image, mask, examination.label(sequence))  # noqa: PLW2901
        elif sequence is Sequence.ASL:
            image = cbf_in_ml_per_100g_min(image, mask, examination.label(sequence))  # noqa: PLW2901
        arrays[sequence.value] = _inside(image, mask)
    label = examination.label("cbv")
    median = check_cbv_unit(aligned.cbv, mask, examination.target_unit, label)
    arrays["cbv"] = np.maximum(_inside(aligned.cbv, mask), np.float32(0.0))
    arrays["mask"] = mask
    if aligned.seg is not None:
        arrays["seg"] = np.where(mask, aligned.seg, np.uint8(0))
    facts = ArrayFacts(
        fingerprint=fingerprint,
        arrays=tuple(arrays),
        shape=aligned.shape,
        spacing_mm=aligned.spacing_mm,
        affine=tuple(tuple(float(value) for value in row) for row in aligned.affine),
        resampled=_resampled(aligned),
        mask_source=chosen.source or aligned.mask_source,
        adc_unit=str(adc_unit),
        cbv_median=median,
        cbv_negative_share=float(np.mean(aligned.cbv[mask] < 0.0)),
        displacements_mm=placing.displacements_mm,
        moved=placing.moved,
        placing_warnings=(*placing.warnings, *chosen.warnings),
    )
    return ExaminationArrays(arrays, facts)


def _inside(image: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(mask, image, np.float32(0.0))


def _resampled(aligned: AlignedExamination) -> tuple[str, ...]:
    return tuple(
        role
        for role, grid in aligned.original_grids.items()
        if not lies_on(canonical_grid(grid), aligned.grid)
    )
