"""Which of the files that were given is which sequence, with the reason; a person may say otherwise."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import UsageError, VolumeError
from cbvsynth.page.names import ROLES, Named, is_nifti, named
from cbvsynth.page.studies import Row, Study, Upload
from cbvsynth.page.wording import for_a_visitor
from cbvsynth.study.dicom.roles import ROLES_TABLE
from cbvsynth.study.nifti import read_header
from cbvsynth.study.sidecars import Sidecars

BY_HAND = "chosen by hand"
CONVERTED = "converted"
"""Folder of a study for images that were made of DICOM."""


@dataclass(frozen=True)
class Recognised:
    """What was found: a row an image, notes for the person, and the image files by role."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    images: dict[str, str]


def recognise(study: Study, folder: Path, stated: Mapping[str, str], max_voxels: float) -> Recognised:
    """Tell the files of a study apart.

    Args:
        study: with its uploads.
        folder: of the study.
        stated: role by key of a row, as a person says; empty leaves the image out.
        max_voxels: most that a header may declare.

    Raises:
        UsageError: a role or a key is none, or there are no files.
        ManifestError: as `convert_folder`.
    """
    _require_roles(stated)
    if not study.uploads:
        raise UsageError("No file came; expected NIfTI files, or the DICOM files of one examination.")
    if any(is_nifti(upload.name) for upload in study.uploads):
        return _of_nifti(study, folder, stated, max_voxels)
    return _of_dicom(folder, stated, max_voxels)


def require_sequence(images: Mapping[str, str]) -> None:
    """Refuse to begin without an image that a model reads.

    Raises:
        UsageError: there is none.
    """
    if not set(images) & set(Sequence):
        labels = ", ".join(sequence.label for sequence in Sequence)
        raise UsageError(f"No image is taken as one of {labels}; expected at least one. Choose what it is.")


def _require_roles(stated: Mapping[str, str]) -> None:
    unknown = [role for role in stated.values() if role not in (*ROLES, "")]
    if unknown:
        raise UsageError(f"An image cannot be taken as that; expected one of {', '.join(ROLES)}.")


def _of_nifti(study: Study, folder: Path, stated: Mapping[str, str], max_voxels: float) -> Recognised:
    images = [upload for upload in study.uploads if is_nifti(upload.name)]
    named_as = {PurePosixPath(one.name): PurePosixPath(one.stored) for one in study.uploads}
    sidecars = Sidecars(folder / "files", named_as)
    rows = []
    for upload in images:
        found = upload.known or named(upload.name)
        if upload.stored in stated:
            role = stated[upload.stored]
            found = replace(found, reason=BY_HAND) if role == found.role else Named(role, BY_HAND)
        if problem := _problem(folder / "files" / upload.stored, max_voxels):
            found = Named("", problem)
        elif found.role == "cbv" and not upload.known:
            found = _in_stated_unit(found, upload, sidecars)
        rows.append(Row(upload.stored, upload.name, found.role, found.reason, found.scale, found.unit))
    twice = {role for role, count in Counter(row.role for row in rows if row.role).items() if count > 1}
    rows = [
        replace(row, role="", reason=f"more than one may be {row.role.upper()}; choose which")
        if row.role in twice
        else row
        for row in rows
    ]
    others = len(study.uploads) - len(images)
    notes = (f"{others} other files are no NIfTI by their names and were not looked at",) if others else ()
    return Recognised(tuple(rows), notes, {row.role: f"files/{row.key}" for row in rows if row.role})


def _in_stated_unit(found: Named, upload: Upload, sidecars: Sidecars) -> Named:
    """A CBV map with the unit that its sidecar states, where one was given that does."""
    stated = sidecars.cbv_unit(PurePosixPath(upload.name))
    if stated.problem:
        return Named("", stated.problem)
    return replace(found, scale=found.scale * stated.factor, unit=stated.unit or found.unit)


def _problem(path: Path, max_voxels: float) -> str:
    """What forbids an image, as the end of a sentence; empty where nothing does."""
    try:
        x, y, z = read_header(path, "it").shape
    except VolumeError as error:
        return for_a_visitor(str(error).removeprefix("it: "))
    if x * y * z > max_voxels:
        return f"declares {x} x {y} x {z} voxels, more than the {max_voxels / 1e6:g} million that are taken"
    return ""


def _untaken(series: str, left: Mapping[str, str]) -> str:
    """Why a series that was recognised is not taken: another may be the same, or it could not be read."""
    if any(re.search(rf"\b{series}\b", why) for what, why in left.items() if not what.startswith("series")):
        return "more than one may be the same sequence; choose which"
    return "measured CBV in relative units, which is not compared with the map"


def _for_a_reader(reason: str) -> str:
    """A reason without what only a command line can do."""
    reason = reason.replace(f": {ROLES_TABLE} names one", " is chosen by hand")
    asked = re.sub(rf"; say [^;]*\b{re.escape(ROLES_TABLE)}", "; choose what it is", reason)
    return for_a_visitor(asked)


def _of_dicom(folder: Path, stated: Mapping[str, str], max_voxels: float) -> Recognised:
    # Where this fails the images of the last time stay, as the examination still names them.
    with tempfile.TemporaryDirectory(dir=folder, prefix="converting-") as work:
        found = _converted(folder / "files", Path(work, CONVERTED), stated, max_voxels)
        shutil.rmtree(folder / CONVERTED, ignore_errors=True)
        Path(work, CONVERTED).rename(folder / CONVERTED)
    return found


def _converted(source: Path, work: Path, stated: Mapping[str, str], max_voxels: float) -> Recognised:
    from cbvsynth.study.dicom.choice import beyond_voxels, choose_series, name_of, words_of
    from cbvsynth.study.dicom.examinations import convert_folder
    from cbvsynth.study.dicom.headers import read_folder
    from cbvsynth.study.dicom.images import make_images
    from cbvsynth.study.dicom.roles import Stated
    from cbvsynth.study.dicom.series import series_of

    series = series_of(read_folder(source)[0])
    for one in series:
        if problem := beyond_voxels(one, max_voxels):
            raise UsageError(f"{problem}. Leave it out of the folder.")
    roles = {
        one.number: Stated(role) for one in series if (role := stated.get(str(one.number), "mask")) != "mask"
    }
    made = convert_folder(source, work, stated=roles)
    taken = {
        reason.partition(":")[0]: (role, reason.partition(": ")[2]) for role, reason in made.reasons.items()
    }
    measured = choose_series(made.series, stated=roles).chosen.get("cbv")
    compared = make_images({"cbv": measured} if measured else {}, work, secrets.token_bytes(32))
    images = dict(made.files)
    if measured and compared.cbv_unit is TargetUnit.ML_PER_100G:
        taken[name_of(measured.series)] = ("cbv", measured.reason)
        images |= compared.files
    left: dict[str, str] = {}
    for what, why in (*made.left_out, *compared.left_out):
        left.setdefault(what, _for_a_reader(why))
    rows = []
    for one in made.series:
        role, reason = taken.get(name_of(one), ("", left.get(name_of(one), _untaken(name_of(one), left))))
        words = ", ".join(words_of(one)[:-1])
        shown = f"{name_of(one)} ({words}{', ' if words else ''}{one.shape[2] or len(one.files)} slices)"
        by_hand = one.number in roles and bool(role) == bool(roles[one.number].role)
        rows.append(Row(str(one.number), shown, role, BY_HAND if by_hand else reason))
    notes = (
        *made.warnings,
        *(f"{what}: {why}" for what, why in left.items() if not what.startswith("series")),
    )
    paths = {role: path.relative_to(work.parent).as_posix() for role, path in images.items()}
    return Recognised(tuple(rows), notes, paths)
