"""A folder of DICOM files of one study in, the files to send out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.client.dicom_output import save_dicom
from cbvsynth.client.preparation import examination_of_files, prepare_files
from cbvsynth.client.request import PreparedExamination, Stage
from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ManifestError
from cbvsynth.node.settings import NodeSettings, Part
from cbvsynth.study.dicom.choice import beyond_voxels
from cbvsynth.study.dicom.examinations import Conversion, convert_folder
from cbvsynth.study.dicom.headers import read_folder
from cbvsynth.study.dicom.series import series_of
from cbvsynth.study.dicom_output.folder import MAP_FILE, PICTURES_FOLDER, SD_FILE, SLICES_FOLDER
from cbvsynth.study.dicom_output.uids import NewUids

Synthesis = Callable[[PreparedExamination], Prediction]
"""What makes a map."""

PARTS = {
    MAP_FILE: Part.MAP,
    SD_FILE: Part.MAP,
    SLICES_FOLDER: Part.SERIES,
    PICTURES_FOLDER: Part.PICTURES,
}
"""Where each part of a result lies in its folder."""


@dataclass(frozen=True)
class Result:
    """What was made of a study.

    inputs: digest of the objects of which the map was made. files: to be sent; none where the last map was
    made of the same.
    """

    inputs: str
    files: tuple[Path, ...] = ()


def make_result(  # noqa: PLR0913  all by name
    images: Path,
    *,
    work: Path,
    target: Path,
    label: str,
    former: str,
    settings: NodeSettings,
    synthesis: Synthesis,
    on_stage: Callable[[Stage], None],
) -> Result:
    """Recognise, convert, register, extract, synthesise, and write what is to be sent.

    Args:
        images: the study's files.
        work: empty folder for what is converted.
        target: folder of the result; not there yet.
        label: how messages call the study.
        former: `inputs` of the last result, or empty.
        settings: of the node.
        synthesis: makes a map.
        on_stage: is told of each stage as it begins; what it raises ends the work.

    Raises:
        DataError: the study has no image that can be used, or they do not fit together.
        ServingError: the server gives no map.
    """
    _require_sizes(images, settings.max_voxels_million * 1e6)
    made = convert_folder(images, work, settings.prefer)
    inputs = inputs_digest(made)
    if inputs == former:
        return Result(inputs)
    root, examination = examination_of_files(made.files, label)
    prepared = prepare_files(root, examination, preferred=Sequence.T1C.value, on_stage=on_stage)
    on_stage(Stage.SYNTHESIS)
    predicted = synthesis(prepared)
    files = save_dicom(predicted, target, made.sources[prepared.reference], NewUids(settings.uid_root))
    return Result(
        inputs, tuple(path for path in files if _part_of(path.relative_to(target)) in settings.send)
    )


def inputs_digest(made: Conversion) -> str:
    """Hex digest of which objects are taken as which sequence, 64 digits."""
    taken = {role: sorted(series.sop_uids) for role, series in sorted(made.sources.items())}
    return hashlib.sha256(json.dumps(taken).encode()).hexdigest()


def _part_of(path: Path) -> Part:
    return PARTS[path.parts[0]]


def _require_sizes(images: Path, most_voxels: float) -> None:
    """Refuse a series that declares too many voxels before any is unpacked."""
    for one in series_of(read_folder(images)[0]):
        if problem := beyond_voxels(one, most_voxels):
            raise ManifestError(f"{problem}. Leave it out, or raise --max_voxels_million.")
