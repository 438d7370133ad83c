"""From a person's files or arrays to what a model is sent: read, turned to RAS, on one grid.

An image whose voxels cannot serve is left out with its reason, and the others go on; a file that is not
there or is no image at all is an error, since that is a mistake in the command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from cbvsynth.client.coverage import short_of_brain
from cbvsynth.client.left_right import require_one_side
from cbvsynth.client.reference import reference_of
from cbvsynth.client.request import (
    NOT_GIVEN,
    Placement,
    PreparedExamination,
    Stage,
    keep_usable,
    require_a_sequence,
    require_brain,
    require_size,
    without_label,
)
from cbvsynth.domain.examination import ORIENTATIONS, Examination
from cbvsynth.domain.gaps import without_gaps
from cbvsynth.domain.geometry import (
    GRID_TOLERANCE,
    Grid,
    canonical_grid,
    largest_distance_mm,
    largest_shift,
    lies_on,
    to_canonical,
)
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, Sequence
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError, UsageError, VolumeError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings, choose_brain
from cbvsynth.extraction.choice import without_ignored_mask
from cbvsynth.registration import place_images
from cbvsynth.study.aligned import align, mark_gaps, read_mask, support_mask
from cbvsynth.study.image_files import ImageFiles, read_files
from cbvsynth.study.outlines import outline_warnings
from cbvsynth.study.placement import place

Image = str | os.PathLike[str] | npt.NDArray[np.generic]
"""A NIfTI file, or voxels (X, Y, Z) with axes to the right, front and top of the head."""


def prepare(  # noqa: PLR0913  all by name, all with a default
    images: Mapping[str, Image],
    *,
    mask: Image | None = None,
    unusable: Collection[str] = (),
    reference: str = "",
    preferred: str = "",
    resample: bool = False,
    register: str = Register.RIGID,
    brain: BrainSettings = DEFAULT_BRAIN,
    orientation: str = "",
    spacing_mm: tuple[float, float, float] | None = None,
) -> PreparedExamination:
    """Make the images of one examination ready to be sent; the arguments are those of `predict`.

    `preferred` is as in `prepare_files`.

    Raises:
        UsageError: files and arrays are mixed, or a name is not a sequence.
        DataError: as `prepare_files` and `prepare_arrays`.
    """
    ruled_out = {_sequence(name) for name in unusable}
    given = {_sequence(name).value: image for name, image in images.items()}
    if mask is not None:
        given["mask"] = mask
    arrays = {role: image for role, image in given.items() if isinstance(image, np.ndarray)}
    paths = {role: Path(image) for role, image in given.items() if not isinstance(image, np.ndarray)}
    if arrays and paths:
        raise UsageError(
            f"{', '.join(paths)} are files and {', '.join(arrays)} are arrays; expected one kind. "
            "Read the files yourself, or write the arrays."
        )
    if paths:
        root, examination = examination_of_files(paths)
        examination = replace(examination, orientation=checked_orientation(orientation))
        return prepare_files(
            root,
            examination,
            unusable=ruled_out,
            reference=reference,
            preferred=preferred,
            resample=resample,
            register=checked_register(register),
            brain=brain,
        )
    if reference or resample or orientation or brain != DEFAULT_BRAIN:
        raise UsageError(
            "reference, resample, brain and orientation are for files; arrays must lie on one grid already, "
            "with axes to the right, front and top of the head."
        )
    given_brain = arrays.pop("mask", None)
    volumes = {Sequence(role): array for role, array in arrays.items()}
    return prepare_arrays(volumes, given_brain, unusable=ruled_out, spacing_mm=spacing_mm)


def checked_register(text: str) -> Register:
    """What happens to raw images, from its word.

    Raises:
        UsageError: it is no such word.
    """
    try:
        return Register(text)
    except ValueError as error:
        raise UsageError(f"register is '{text}'; expected one of {', '.join(Register)}.") from error


def checked_orientation(text: str) -> str:
    """Where the axes of files without a place of their own run, as in RAS; empty when nobody states it.

    Raises:
        UsageError: it is no orientation.
    """
    if text and text.upper() not in ORIENTATIONS:
        raise UsageError(
            f"The orientation is '{text}'; expected where the three axes run, a letter each: one of L R, one "
            "of P A, one of I S, as in RAS or LPS."
        )
    return text.upper()


def examination_of_files(files: Mapping[str, Path], name: str = "input") -> tuple[Path, Examination]:
    """Single files as an examination, and the root that its paths are relative to.

    Args:
        files: paths by role, t1 ... asl and mask.
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


def _unwatched(_: Stage) -> None:
    """Nobody asked how far it is."""


def prepare_files(  # noqa: PLR0913  all but two by name, with a default
    root: Path,
    examination: Examination,
    *,
    unusable: Collection[Sequence] = (),
    reference: str = "",
    preferred: str = "",
    resample: bool = False,
    register: Register = Register.RIGID,
    brain: BrainSettings = DEFAULT_BRAIN,
    on_stage: Callable[[Stage], None] = _unwatched,
) -> PreparedExamination:
    """Read an examination's images and make them ready for a model.

    Args:
        root: folder that the examination's paths are relative to.
        examination: its inputs and its mask, if any, are read; its CBV map is not.
        unusable: sequences that a person rules out, as for a metal artefact.
        reference: sequence whose grid and orientation the map gets; by default the first usable one that
            has axial slices.
        preferred: sequence to take for reference where none is given, if it is usable.
        resample: bring images of other grids to the reference's, as preprocess does, instead of
            refusing them.
        register: as in preprocess; `rigid` brings raw images of other grids to the reference's, too.
        brain: as in preprocess: which mask counts, and how one is found.
        on_stage: is told of each stage as it begins; what it raises ends the work.

    Raises:
        UsageError: the reference is not among the usable images.
        VolumeError: a file is missing or is no image, nothing says which way it lies, nothing is usable, or
            there is no brain mask and no image is skull-stripped.
        GridError: the images do not lie on one grid, (resampled) do not show the same place, one cannot be
            registered, or one is mirrored left to right.
        ManifestError: a path leaves the root.
    """
    on_stage(Stage.READING)
    left_out = {
        sequence: "ruled out by --unusable" if sequence in unusable else NOT_GIVEN
        for sequence in Sequence
        if sequence in unusable or (sequence not in examination.inputs and sequence not in OPTIONAL_SEQUENCES)
    }
    asked = replace(
        without_ignored_mask(examination, brain),
        inputs={name: path for name, path in examination.inputs.items() if name not in left_out},
        cbv=None,
        seg=None,
    )
    files = read_files(root, asked)
    headers = {role: file.image.header for role, file in files.items()}
    found = place(asked, headers)
    grids = found.grids
    volumes, damaged = _read(asked, files, grids)
    left_out |= damaged
    require_a_sequence(examination, volumes, left_out)
    chosen, about_slices = reference_of(examination, volumes, grids, reference, preferred)
    require_size(canonical_grid(grids[chosen]).shape, examination)
    stored = {name.value: volume for name, volume in volumes.items()}
    if asked.mask is not None:
        stored["mask"] = files["mask"].image.volume(affine=grids["mask"].affine, gaps=True)
    on_stage(Stage.REGISTERING)
    placing = place_images(asked, stored, chosen, register)
    on_stage(Stage.BRAIN_MASK)
    masked = choose_brain(asked, stored, placing.moves, brain)
    if resample or (register is Register.RIGID and placing.fixed):
        short = short_of_brain(asked, masked.stored, masked.moves, chosen)
        left_out |= short
        kept = replace(asked, inputs={name: asked.inputs[name] for name in volumes if name not in short})
        whole = {role: one for role, one in masked.stored.items() if role not in short}
        aligned = align(kept, whole, chosen, masked.moves)
        images, mask, mask_source = dict(aligned.inputs), aligned.mask, aligned.mask_source
        noted = aligned.warnings
    else:
        _require_one_grid({role: grids[role] for role in stored}, examination, chosen)
        turned = {name.value: without_gaps(to_canonical(volume)) for name, volume in volumes.items()}
        images = {name: turned[name.value][0].data for name in volumes}
        grid = Grid.of(turned[chosen][0])
        if "mask" not in masked.stored:
            mask, mask_source = support_mask(images, examination.exam_id, grid.spacing_mm)
        else:
            stored_mask = without_gaps(masked.stored["mask"])[0]
            mask, mask_source = read_mask(to_canonical(stored_mask), asked)
            require_brain(mask, asked)
        elsewhere = outline_warnings(images, mask, grid.spacing_mm, asked)
        noted = mark_gaps({name.value: image for name, image in images.items()}, turned, mask, grid, asked)
        noted = (*elsewhere, *noted)
    prepared = keep_usable(images, mask, examination, left_out)
    grid, header = canonical_grid(grids[chosen]), headers[chosen]
    if register is not Register.OFF:
        require_one_side({name: images[name] for name in prepared.inputs}, mask, grid, asked)
    used = [name.value for name in prepared.inputs] + (["mask"] if asked.mask else [])
    return replace(
        prepared,
        mask_source=masked.source or mask_source,
        spacing_mm=grid.spacing_mm,
        placement=Placement(grids[chosen], header.sform_code, header.qform_code),
        reference=chosen,
        resampled=tuple(
            role for role in used if role in placing.moves or not lies_on(canonical_grid(grids[role]), grid)
        ),
        register=register.value,
        displacements_mm=placing.displacements_mm,
        moved=placing.moved,
        sha256={role: files[role].sha256 for role in asked.files if role in used},
        warnings=(
            *found.warnings,
            *about_slices,
            *placing.warnings,
            *masked.warnings,
            *noted,
            *prepared.warnings,
        ),
    )


def _read(
    examination: Examination, files: ImageFiles, grids: Mapping[str, Grid]
) -> tuple[dict[Sequence, Volume], dict[Sequence, str]]:
    """Images as stored, and those whose header is sound but whose voxels are not, with the reason."""
    volumes, damaged = {}, {}
    for sequence in examination.sequences:
        try:
            volumes[sequence] = files[sequence.value].image.volume(
                examination.scales.get(sequence.value, 1.0), grids[sequence.value].affine, gaps=True
            )
        except VolumeError as error:
            damaged[sequence] = without_label(str(error), examination.label(sequence.value))
            continue
        shown = without_gaps(volumes[sequence])[0].data
        value = float(shown.flat[0])
        if np.all(shown == value):
            damaged[sequence] = f"constant in the brain (every voxel is {value:g})"
            del volumes[sequence]
    return volumes, damaged


def _require_one_grid(grids: Mapping[str, Grid], examination: Examination, chosen: str) -> None:
    expected = canonical_grid(grids[chosen])
    for role, grid in grids.items():
        found = canonical_grid(grid)
        if lies_on(found, expected):
            continue
        if found.shape == expected.shape:
            difference = (
                f"lies up to {largest_distance_mm(found, expected):.3g} mm off "
                f"({largest_shift(found, expected):.2g} voxels)"
            )
        else:
            difference = f"has shape {found.shape} in RAS order instead of {expected.shape}"
        raise GridError(
            f"{examination.label(role)} {difference}, compared with {chosen.upper()}; expected one grid for "
            f"all images, within {GRID_TOLERANCE:g} voxels. Resample them first, or add --resample on, which "
            "brings them to the reference's grid as preprocess does."
        )


def prepare_arrays(
    arrays: Mapping[Sequence, npt.NDArray[np.generic]],
    mask: npt.NDArray[np.generic] | None = None,
    *,
    unusable: Collection[Sequence] = (),
    spacing_mm: tuple[float, float, float] | None = None,
) -> PreparedExamination:
    """Make arrays ready for a model.

    Args:
        arrays: (X, Y, Z) each on one grid, axes to the right, front and top of the head.
        mask: (X, Y, Z), brain where not 0; by default where the images are not 0.
        unusable: sequences that a person rules out.
        spacing_mm: voxel size, to compare it with what the model has seen, and left with right.

    Raises:
        VolumeError: an array is not three-dimensional, nothing is usable, or there is no mask and no
            image is skull-stripped.
        GridError: the shapes differ, or an image is mirrored left to right.
    """
    label = Examination("input", "input", "", {})
    shapes = {name.value: np.shape(array) for name, array in arrays.items()}
    _require_one_shape(shapes if mask is None else {**shapes, "mask": np.shape(mask)}, label)
    left_out = {
        name: "ruled out by the caller" if name in unusable else NOT_GIVEN
        for name in Sequence
        if name in unusable or (name not in arrays and name not in OPTIONAL_SEQUENCES)
    }
    images = {
        name: np.ascontiguousarray(arrays[name], np.float32)
        for name in Sequence
        if name in arrays and name not in unusable
    }
    for name, image in list(images.items()):
        bad = image.size - int(np.count_nonzero(np.isfinite(image)))
        if bad:
            left_out[name] = f"{bad} of {image.size} voxels are NaN or infinite"
            del images[name]
    require_a_sequence(label, images, left_out)
    brain, source = support_mask(images, "input") if mask is None else (np.asarray(mask) != 0, "array")
    require_brain(brain, label)
    elsewhere = outline_warnings(images, brain, spacing_mm, label)
    prepared = keep_usable(images, brain, label, left_out)
    if spacing_mm:
        grid = Grid(brain.shape, np.diag([*spacing_mm, 1.0]))
        require_one_side({name: images[name] for name in prepared.inputs}, brain, grid, label)
    told = (*elsewhere, *prepared.warnings)
    return replace(prepared, mask_source=source, spacing_mm=spacing_mm, warnings=told)


def _require_one_shape(shapes: Mapping[str, tuple[int, ...]], label: Examination) -> None:
    for role, shape in shapes.items():
        if len(shape) != 3:
            raise VolumeError(f"{label.label(role)} has shape {shape}; expected three axes (X, Y, Z).")
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{role} {shape}" for role, shape in shapes.items())
        raise GridError(f"The arrays have the shapes {found}; expected one. Resample them to one grid.")


def _sequence(name: str) -> Sequence:
    try:
        return Sequence(name)
    except ValueError as error:
        raise UsageError(f"'{name}' is not a sequence; expected one of {', '.join(Sequence)}.") from error
