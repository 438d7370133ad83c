"""One synthetic CBV map: how it is made, what is recorded about it, how it is stored."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.client.choice import Choice, Table, choose, insist
from cbvsynth.client.outputs import require_free, sd_of, sidecar_of
from cbvsynth.client.request import PreparedExamination
from cbvsynth.domain.options import Uncertainty
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import ModelError, RefusedError, ReplyError, UsageError
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.selection import ServedVersion
from cbvsynth.records.storage import write_json
from cbvsynth.signature import OUTPUT_SD, RESEARCH_NOTE, Description
from cbvsynth.study.nifti import write_volume

UNIT_NOTES = {TargetUnit.ML_PER_100G: "mL/100 g", TargetUnit.RELATIVE: "relative"}
"""How units are written into files."""
WITH_SD = "StandardDeviation"
"""Where a record says whether the map came with its standard deviation."""

Float32Array = npt.NDArray[np.float32]


class Models(Protocol):
    """Where models are: behind a server, or in the registry."""

    name: str
    """Registered model."""

    def table(self) -> Table:
        """Which version is best for which available sequences."""

    def named(self, version: int, label: str) -> ServedVersion:
        """The version with a number or a label."""

    def description(self, served: ServedVersion) -> Description:
        """What a version says about itself."""

    def run(self, served: ServedVersion, inputs: Mapping[str, Float32Array]) -> Float32Array:
        """CBV (B, H, W, D) of a version for its inputs by name, (B, H, W, D) each."""

    def outputs(
        self, served: ServedVersion, inputs: Mapping[str, Float32Array], names: Ordered[str]
    ) -> Mapping[str, Float32Array]:
        """Several outputs of a version by name, for inputs as of `run`."""


@dataclass(frozen=True)
class Record:
    """What travels with a synthetic map: how it was made, but no path and no person's name."""

    registered_name: str
    served: ServedVersion
    choice: Choice
    left_out: Mapping[Sequence, str]
    not_needed: tuple[Sequence, ...]
    reference: str
    resampled: tuple[str, ...]
    register: str
    displacements_mm: Mapping[str, float]
    moved: tuple[str, ...]
    mask_source: str
    adc_unit: str
    input_sha256: Mapping[str, str]
    with_sd: bool
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Content of the sidecar; `Synthetic` and `Units` are the words that BIDS tools look for."""
        return {
            "Synthetic": True,
            "Quantity": "cerebral blood volume",
            "Units": UNIT_NOTES[self.served.target_unit],
            "Note": RESEARCH_NOTE,
            "RegisteredModel": self.registered_name,
            "ModelVersion": self.served.version,
            "Model": self.served.model.slug,
            "Algorithm": self.served.model.algorithm.value,
            "ModelDigest": self.served.digest or None,
            "InputsUsed": [sequence.value for sequence in self.served.model.combination.sequences],
            "InputsNotNeeded": [sequence.value for sequence in self.not_needed],
            "InputsLeftOut": {sequence.value: reason for sequence, reason in self.left_out.items()},
            "Fallback": self.choice.fallback,
            "WhyThisModel": self.choice.reason,
            "Warnings": list(self.warnings),
            "Reference": self.reference or None,
            "Resampled": list(self.resampled),
            "Registration": self.register or None,
            "DisplacementsMm": dict(self.displacements_mm),
            "Moved": list(self.moved),
            "BrainMask": self.mask_source,
            "AdcStoredIn": self.adc_unit or None,
            "InputSha256": dict(self.input_sha256),
            WITH_SD: self.with_sd,
            "PreprocessingVersion": PREPROCESSING_VERSION,
            "GeneratedBy": f"cbvsynth {__version__}",
        }


@dataclass(frozen=True, eq=False)
class Prediction:
    """A synthetic map.

    cbv: (X, Y, Z) float32 in the target unit, 0 outside the brain, axes in the order of the reference
        image's file (of the arrays, where arrays were given).
    canonical: the same with its axes turned to RAS, on the grid of `prepared`.
    prepared: what was sent.
    cbv_max: CBV that the model was trained up to.
    sd: (X, Y, Z) float32, as `cbv`: the map plus and minus 1.645 of it is a 90 % interval of each voxel; None
        where nobody asked.
    canonical_sd: the same on the grid of `canonical`.
    lesion_sds: half of the interval of a lesion's mean over the mean of `sd` in it; 0 where not known.
    """

    cbv: Float32Array
    canonical: Float32Array
    prepared: PreparedExamination
    record: Record
    cbv_max: float
    sd: Float32Array | None = None
    canonical_sd: Float32Array | None = None
    lesion_sds: float = 0.0

    @property
    def affine(self) -> npt.NDArray[np.float64] | None:
        """Voxels of `cbv` to RAS millimetres, (4, 4) float64; None for arrays."""
        return self.prepared.placement.grid.affine if self.prepared.placement else None

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the map as NIfTI with a fresh header, and its record as JSON beside it.

        Returns:
            Where the record lies.

        Raises:
            UsageError: the map was made from arrays, the name is no NIfTI name, or a file is there.
        """
        placement = self.prepared.placement
        if placement is None:
            raise UsageError(
                "This map was made from arrays and has no place in space; give files, or write it yourself."
            )
        target = Path(path)
        sidecar = sidecar_of(target)
        if not overwrite:
            for place in (target, sidecar, sd_of(target)):
                require_free(place)
        # Killed in between, this leaves a record without a map, or a map without a record, but never a map
        # beside another one's record.
        replaces = target.exists()
        sd_of(target).unlink(missing_ok=True)  # of the map that is replaced, or was taken away
        if replaces:
            sidecar.unlink(missing_ok=True)
        else:
            write_json(sidecar, self.record.to_json())
        unit = UNIT_NOTES[self.record.served.target_unit]
        for place, values, what in (
            (target, self.cbv, "synthetic CBV"),
            (sd_of(target), self.sd, "SD of synthetic CBV"),
        ):
            if values is None:
                continue
            write_volume(
                place,
                Volume(values, placement.grid.affine),
                unit_note=f"{what}, {unit}; research use only",
                sform_code=placement.sform_code or 1,
                qform_code=placement.qform_code or 1,
            )
        if replaces:
            write_json(sidecar, self.record.to_json())
        return sidecar


def synthesise(
    prepared: PreparedExamination,
    models: Models,
    *,
    version: int = 0,
    label: str = "",
    uncertainty: Uncertainty = Uncertainty.OFF,
) -> Prediction:
    """Choose a version, let it make the map, and put the map into place.

    Args:
        prepared: images that are ready to be sent.
        models: where versions are.
        version: a number to insist on; 0 for none.
        label: a label to insist on; empty for none.
        uncertainty: whether how sure the model is of each voxel is asked for as well; auto asks where the
            model can say it.

    Raises:
        ServingError: the server does not answer, refuses, or answers what cannot be read.
        ModelError: no version works with these images, it is not what it was listed as, or it was trained
            on images prepared otherwise.
        RegistryError: the registry does not give the model.
    """
    try:
        return _attempt(prepared, models, version, label, uncertainty)
    except RefusedError as error:
        # The version was taken away between choice and request, as in a rollback: choose again, once.
        if version or error.code != "NOT_FOUND":
            raise
    return _attempt(prepared, models, version, label, uncertainty)


def _attempt(
    prepared: PreparedExamination, models: Models, version: int, label: str, uncertainty: Uncertainty
) -> Prediction:
    if version or label:
        choice = insist(models.named(version, label), tuple(prepared.inputs), prepared.left_out)
    else:
        choice = choose(models.table(), tuple(prepared.inputs), prepared.left_out)
    served = choice.served
    description = models.description(served)
    _require_as_listed(served, description)
    description.require_preprocessing(PREPROCESSING_VERSION)
    names = served.model.combination.sequences
    batch = {name.value: prepared.inputs[name][np.newaxis] for name in names}
    sd = None
    if uncertainty is Uncertainty.ON:
        _require_spread(description)
    if uncertainty is not Uncertainty.OFF and description.interval_level:
        found = models.outputs(served, batch, description.outputs)
        canonical, sd = (_checked(found[name], prepared) for name in description.outputs)
    else:
        canonical = _checked(models.run(served, batch), prepared)
    shape = prepared.mask.shape
    # Without a voxel size there is none to warn of: the training range's own lower end is never outside.
    spacing_mm = prepared.spacing_mm or tuple(low for low, _ in description.spacing_range_mm)
    record = Record(
        registered_name=models.name,
        served=served,
        choice=choice,
        left_out=prepared.left_out,
        not_needed=tuple(name for name in prepared.inputs if name not in names),
        reference=prepared.reference,
        resampled=prepared.resampled,
        register=prepared.register,
        displacements_mm=prepared.displacements_mm,
        moved=prepared.moved,
        mask_source=prepared.mask_source,
        adc_unit=prepared.adc_unit,
        input_sha256=prepared.sha256 or {},
        with_sd=sd is not None,
        warnings=(*prepared.warnings, *description.outside_training(shape, spacing_mm)),
    )
    return Prediction(
        cbv=prepared.in_place(canonical),
        canonical=canonical,
        prepared=prepared,
        record=record,
        cbv_max=description.cbv_max,
        sd=None if sd is None else prepared.in_place(sd),
        canonical_sd=sd,
        lesion_sds=description.lesion_sds,
    )


def _require_as_listed(served: ServedVersion, description: Description) -> None:
    found = (description.model, description.target_unit)
    if found != (served.model, served.target_unit):
        raise ModelError(
            f"Version {served.version} calls itself {found[0]} in {found[1]}; expected {served.model} in "
            f"{served.target_unit}, as listed. The list is of another registry or out of date: sync again, "
            "or leave --selection out."
        )


def _require_spread(description: Description) -> None:
    if not description.interval_level:
        raise ModelError(
            f"{description.model} answers with a map alone; expected '{OUTPUT_SD}' beside it. Leave "
            "--uncertainty out, or promote a model that was trained with --spread learned."
        )


def _checked(reply: Float32Array, prepared: PreparedExamination) -> Float32Array:
    """The map of the one examination sent, (X, Y, Z), 0 outside the brain.

    Raises:
        ReplyError: another shape, or values that are not finite.
    """
    expected = (1, *prepared.mask.shape)
    if reply.shape != expected:
        raise ReplyError(
            f"The model answered with shape {reply.shape}; expected {expected}, as was sent. Nothing was "
            "written; check which model is served."
        )
    cbv: Float32Array = np.where(prepared.mask, reply[0], np.float32(0.0))
    bad = cbv.size - int(np.count_nonzero(np.isfinite(cbv)))
    if bad:
        raise ReplyError(
            f"The model answered with {bad} voxels that are NaN or infinite. Nothing was written; check "
            "which model is served."
        )
    return cbv
