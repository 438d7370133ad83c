"""The chosen series of one examination as NIfTI files with records beside them; made once."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError
from cbvsynth.records.storage import sha256_of, write_json
from cbvsynth.study.dicom.choice import Chosen, name_of
from cbvsynth.study.dicom.conversion import (
    CONVERSION_VERSION,
    WORK_PREFIX,
    convert,
    converter_version,
    is_lossy,
)
from cbvsynth.study.dicom.units import MapUnit, adc_unit, cbv_unit
from cbvsynth.study.nifti import write_volume


@dataclass(frozen=True)
class Images:
    """Of one examination: files by role, the unit of its CBV map, and what could not be used."""

    files: Mapping[str, Path]
    cbv_unit: TargetUnit | None
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


def make_images(chosen: Mapping[str, Chosen], folder: Path, key: bytes) -> Images:
    """Convert what is not converted yet, and remove what a killed run left; one run at a time per folder.

    Args:
        chosen: series by role.
        folder: for the images, as in ``t1.nii.gz`` and ``t1.json``; made when it is missing.
        key: of the study, so that digests in the records lead to no identifier.

    """
    folder.mkdir(parents=True, exist_ok=True)
    for abandoned in folder.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    files: dict[str, Path] = {}
    left: list[tuple[str, str]] = []
    warnings: list[str] = []
    unit: TargetUnit | None = None
    for role, one in chosen.items():
        stated = MapUnit()
        if role == "cbv":
            stated = cbv_unit(one.series.tags.units, relative=one.relative, by_hand=one.unit)
            if stated.problem:
                left.append((name_of(one.series), stated.problem))
                continue
        try:
            files[role] = _made_once(role, one, folder, key, stated)
        except VolumeError as error:
            left.append((name_of(one.series), str(error).removeprefix(f"{name_of(one.series)}: ")))
            continue
        if role == "cbv":
            unit = TargetUnit(stated.unit)
        if is_lossy(one.series):
            warnings.append(f"{name_of(one.series)} ({role.upper()}) was compressed with loss")
    return Images(files, unit, tuple(left), tuple(warnings))


def _made_once(role: str, one: Chosen, folder: Path, key: bytes, stated: MapUnit) -> Path:
    """The image of a role, converted unless it was already, by the record beside it.

    Raises:
        VolumeError: the series cannot be converted, or an ADC map is in no known unit.
    """
    image, record = folder / f"{role}.nii.gz", folder / f"{role}.json"
    digest = _digest(one, key)
    if _is_made(image, record, digest):
        return image
    record.unlink(missing_ok=True)
    volume = convert(one.series, folder)
    unit = stated
    if role == "adc":
        unit = adc_unit(volume.data, one.series.tags.units, one.series.philips_scale)
        if unit.problem:
            raise VolumeError(unit.problem)
    scaled = volume.data if unit.factor == 1.0 else volume.data * np.float32(unit.factor)
    write_volume(image, Volume(scaled, volume.affine))
    write_json(record, {"source": digest, "sha256": sha256_of(image), **_facts(role, one, unit)})
    return image


def _digest(one: Chosen, key: bytes) -> str:
    """Keyed digest of the files of a series, by their identifiers, sizes and times, and of the converter."""
    parts = [
        str(CONVERSION_VERSION),
        converter_version(),
        one.role,
        one.unit,
        one.reason,
        *one.series.sop_uids,
    ]
    for path in one.series.files:
        state = path.stat()
        parts.append(f"{state.st_size} {state.st_mtime_ns}")
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def _is_made(image: Path, record: Path, digest: str) -> bool:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return bool(content["source"] == digest and content["sha256"] == sha256_of(image))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _facts(role: str, one: Chosen, unit: MapUnit) -> dict[str, object]:
    """What is known of an image, in numbers and in words of our own."""
    tags = one.series.tags
    numbers = {
        "RepetitionTime": tags.tr_ms / 1000.0,
        "EchoTime": tags.te_ms / 1000.0,
        "InversionTime": tags.ti_ms / 1000.0,
        "FlipAngle": tags.flip_degrees,
        "MagneticFieldStrength": tags.field_t,
    }
    return {
        "role": role,
        "series": one.series.number,
        "because": one.reason,
        **({"Units": unit.unit, "unit_because": unit.because} if unit.unit else {}),
        **{name: round(value, 6) for name, value in numbers.items() if math.isfinite(value)},
        "ConversionSoftware": f"dcm2niix {converter_version()}",
    }
