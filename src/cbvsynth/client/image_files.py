"""From a person's files to what a model is sent: read, turned to RAS, on one grid.

An image whose voxels cannot serve is left out with its reason, and the others go on; a file that is not
there or is no image at all is an error, for that is a slip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from cbvsynth.client.images import (
    NOT_GIVEN,
    BoolArray,
    Float32Array,
    Placement,
    PreparedExamination,
    keep_usable,
    require_a_sequence,
    require_brain,
    without_label,
)
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.geometry import (
    Grid,
    canonical_grid,
    grids_equal,
    largest_distance_mm,
    to_canonical,
)
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, UsageError, VolumeError
from cbvsynth.records.storage import sha256_of
from cbvsynth.study.aligned import read_aligned, support_mask
from cbvsynth.study.nifti import VolumeHeader, read_header, read_image
from cbvsynth.study.paths import resolve_inside

GRID_TOLERANCE_MM = 1e-3


def examination_of_files(files: Mapping[str, Path], name: str = "input") -> tuple[Path, Examination]:
    """Single files as an examination, and the root that its paths are relative to.

    Args:
        files: paths by role, t1 ... adc and mask.
        name: how messages call the examination; paths are in no message.

    Raises:
        UsageError: no sequence, or an unknown role.
    """
    unknown = sorted(set(files) - {*Sequence, "mask"})
    if unknown:
        raise UsageError(f"'{unknown[0]}' is not an input; expected {', '.join(Sequence)} or mask.")
    root = Path(Path.cwd().anchor)
    relative = {role: path.resolve().relative_to(root).as_posix() for role, path in files.items()}
    places = {role: PurePosixPath(text) for role, text in relative.items()}
    return root, Examination(
        exam_id=name,
        subject_id=name,
        session_id="",
        inputs={Sequence(role): place for role, place in places.items() if role != "mask"},
        mask=places.get("mask"),
    )


def prepare_files(
    root: Path,
    examination: Examination,
    *,
    unusable: Collection[Sequence] = (),
    reference: str = "",
    resample: bool = False,
) -> PreparedExamination:
    """Read an examination's images and make them ready for a model.

    Args:
        root: folder that the examination's paths are relative to.
        examination: its inputs and its mask, if any, are read; its CBV map is not.
        unusable: sequences that a person rules out, as for a metal artefact.
        reference: sequence whose grid and orientation the map gets; by default the first usable one.
        resample: bring images of other grids to the reference's, as preprocess does, instead of
            refusing them.

    Raises:
        UsageError: the reference is not among the usable images.
        VolumeError: a file is missing or is no image, nothing is usable, or there is no brain mask and
            no image is skull-stripped.
        GridError: the images do not lie on one grid, or (resampled) do not show the same place.
        ManifestError: a path leaves the root.
    """
    left_out = {
        sequence: "ruled out by --unusable" if sequence in unusable else NOT_GIVEN
        for sequence in Sequence
        if sequence in unusable or sequence not in examination.inputs
    }
    asked = replace(
        examination,
        inputs={name: path for name, path in examination.inputs.items() if name not in left_out},
        cbv=None,
        seg=None,
    )
    headers = {role: _header(root, asked, role) for role in asked.files}
    volumes, damaged = _read(root, asked)
    left_out |= damaged
    require_a_sequence(examination, volumes, left_out)
    chosen = _reference(examination, volumes, reference)
    if resample:
        kept = replace(asked, inputs={name: asked.inputs[name] for name in volumes})
        aligned = read_aligned(root, kept, reference=chosen)
        images, mask, mask_source = dict(aligned.inputs), aligned.mask, aligned.mask_source
    else:
        _require_one_grid(headers, examination, chosen)
        images = {name: to_canonical(volume).data for name, volume in volumes.items()}
        mask, mask_source = _mask(root, asked, images)
    prepared = keep_usable(images, mask, examination, left_out)
    return replace(_in_place(prepared, root, asked, headers, chosen), mask_source=mask_source)


def _in_place(
    prepared: PreparedExamination,
    root: Path,
    asked: Examination,
    headers: Mapping[str, VolumeHeader],
    chosen: str,
) -> PreparedExamination:
    """The same, with where the map belongs and which files it is made of."""
    used = [name.value for name in prepared.inputs] + (["mask"] if asked.mask else [])
    stored = {role: Grid(header.shape, header.affine) for role, header in headers.items()}
    grid = canonical_grid(stored[chosen])
    files = {role: path for role, path in asked.files.items() if role in used}
    return replace(
        prepared,
        spacing_mm=grid.spacing_mm,
        placement=Placement(stored[chosen], headers[chosen].sform_code, headers[chosen].qform_code),
        reference=chosen,
        resampled=tuple(
            role for role in used if not grids_equal(canonical_grid(stored[role]), grid, GRID_TOLERANCE_MM)
        ),
        sha256={
            role: sha256_of(resolve_inside(root, path, asked.label(role))) for role, path in files.items()
        },
    )


def _header(root: Path, examination: Examination, role: str) -> VolumeHeader:
    label = examination.label(role)
    return read_header(resolve_inside(root, examination.files[role], label), label)


def _read(root: Path, examination: Examination) -> tuple[dict[Sequence, Volume], dict[Sequence, str]]:
    """Images as stored, and those whose header is sound but whose voxels are not, with the reason."""
    volumes, damaged = {}, {}
    for sequence in examination.sequences:
        try:
            volumes[sequence] = read_image(root, examination, sequence.value)
        except VolumeError as error:
            damaged[sequence] = without_label(str(error), examination.label(sequence.value))
    return volumes, damaged


def _reference(examination: Examination, volumes: Mapping[Sequence, Volume], wanted: str) -> str:
    if not wanted:
        return next(iter(volumes)).value
    if wanted not in {sequence.value for sequence in volumes}:
        raise UsageError(
            f"{examination.exam_id}: the reference is '{wanted}', which is not among the usable images "
            f"({', '.join(volumes)}). Choose one of them."
        )
    return wanted


def _require_one_grid(headers: Mapping[str, VolumeHeader], examination: Examination, chosen: str) -> None:
    expected = canonical_grid(Grid(headers[chosen].shape, headers[chosen].affine))
    for role, header in headers.items():
        found = canonical_grid(Grid(header.shape, header.affine))
        if grids_equal(found, expected, GRID_TOLERANCE_MM):
            continue
        if found.shape == expected.shape:
            difference = f"lies up to {largest_distance_mm(found, expected):.3g} mm off"
        else:
            difference = f"has shape {found.shape} in RAS order instead of {expected.shape}"
        raise GridError(
            f"{examination.label(role)} {difference}, compared with {chosen.upper()}; expected one grid for "
            f"all images, within {GRID_TOLERANCE_MM:g} mm. Resample them first, or add --resample on, which "
            "brings them to the reference's grid as preprocess does."
        )


def _mask(
    root: Path, examination: Examination, images: Mapping[Sequence, Float32Array]
) -> tuple[BoolArray, str]:
    if examination.mask is None:
        return support_mask(images, examination.exam_id)
    mask: BoolArray = to_canonical(read_image(root, examination, "mask")).data != 0.0
    require_brain(mask, examination)
    return mask, "file"
