"""A data root of DICOM files, or a folder of one examination: found, chosen, converted."""

from __future__ import annotations

import math
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ManifestError
from cbvsynth.progress import progress_bar
from cbvsynth.records.csv_codec import write_rows
from cbvsynth.study.dicom.choice import Choice, choose_series, name_of
from cbvsynth.study.dicom.headers import CONVERTED_FOLDER, read_folder
from cbvsynth.study.dicom.images import Images, make_images
from cbvsynth.study.dicom.roles import ROLES_TABLE, Stated, read_roles
from cbvsynth.study.dicom.series import Series, series_of
from cbvsynth.study.dicom.tags import ImageFile, Tags, Unreadable
from cbvsynth.study.free_text import age_years
from cbvsynth.study.layouts import LeftOut, Scan
from cbvsynth.study.participants import read_study_tables
from cbvsynth.study.pseudonyms import load_key, pseudonym

SERIES_TABLE = "series.csv"
OLDEST_STATED_AGE = 89
"""Years; ages above could identify a patient, so that they are written as this (HIPAA's safe harbour)."""
GAUSS_PER_TESLA = 10_000.0

_INPUTS = frozenset(sequence.value for sequence in MriSequence)
_VENDOR_NAMES = {"ge": "GE", "siemens": "Siemens", "philips": "Philips", "canon": "Canon", "bruker": "Bruker"}


@dataclass(frozen=True)
class Conversion:
    """One folder's examination: images by role, why each was taken, and what was left out.

    sources: series that the images are of, by role. series: all of the folder.
    """

    files: Mapping[str, Path]
    sources: Mapping[str, Series]
    reasons: Mapping[str, str]
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    series: tuple[Series, ...] = ()


@dataclass(frozen=True)
class _Examination:
    exam_id: str
    subject_id: str
    session_id: str
    series: tuple[Series, ...]
    choice: Choice
    images: Images

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        return (*self.choice.left_out, *self.images.left_out)


def scan_dicom(root: Path, prefer: Sequence[str] = ()) -> Scan:
    """Find the examinations of a data root of DICOM files and convert what is needed of them.

    Patients and examinations are told by their tags, whatever the folders; they are called by keyed hashes.
    Images go to the folder `CONVERTED_FOLDER` of the data root, with a table of all series.

    Raises:
        ManifestError: there is no DICOM image or none that can be used, or no pseudonym key.
    """
    files, unreadable = read_folder(root)
    if not files:
        raise ManifestError(
            f"No DICOM image was found below the data root ({_counted(unreadable) or 'no file'})."
        )
    key = load_key(root)
    roles = read_roles(root)
    left = [LeftOut(what, why) for what, why in _unread(unreadable)]
    groups, problems = _by_examination(files)
    left += problems
    warnings = _folder_warnings(groups)
    found = []
    for (patient, study), members in progress_bar(
        sorted(groups.items()), desc="converting", unit="examination"
    ):
        subject_id, session_id = f"p{pseudonym(key, patient)}", f"s{pseudonym(key, patient, study)}"
        exam_id = f"{subject_id}_{session_id}"
        series = series_of(members)
        choice = choose_series(series, prefer, roles.get(exam_id))
        images = make_images(choice.chosen, root / CONVERTED_FOLDER / exam_id, key)
        found.append(_Examination(exam_id, subject_id, session_id, tuple(series), choice, images))
        warnings += [f"{exam_id}: {text}" for text in (*choice.warnings, *images.warnings)]
    unknown = set(roles) - {one.exam_id for one in found}
    if unknown:
        warnings.append(f"{ROLES_TABLE} names {len(unknown)} examinations that are not here")
    _write_series(root / CONVERTED_FOLDER / SERIES_TABLE, found)
    left += [LeftOut(f"{one.exam_id}, {what}", why) for one in found for what, why in _questions_first(one)]
    rows, unfit = _rows(root, found)
    left += unfit
    if not rows:
        first = next((one for one in left if "," in one.what), None)
        raise ManifestError(
            f"None of {len(found)} examinations has an image that can be used"
            + (f"; the first reason: {first.what}: {first.reason}." if first else ".")
            + f" All series are listed in {CONVERTED_FOLDER}/{SERIES_TABLE} of the data root."
        )
    tables = read_study_tables(root, ((row["subject_id"], row["session_id"]) for row in rows))
    rows = [{**row, **tables.traits(row["subject_id"], row["session_id"])} for row in rows]
    because = f"{len(files)} DICOM images; what each series is, is in {CONVERTED_FOLDER}/{SERIES_TABLE}"
    return Scan(Layout.DICOM, because, tuple(rows), tuple(left), (*warnings, *tables.warnings))


def convert_folder(
    folder: Path,
    work: Path,
    prefer: Sequence[str] = (),
    stated: Mapping[int, Stated] | None = None,
) -> Conversion:
    """Convert the standard sequences of one examination's folder.

    Args:
        folder: DICOM files of one examination of one patient.
        work: folder for the images.
        prefer: words that settle ties, the first first.
        stated: roles that a person states, by the number of the series.

    Raises:
        ManifestError: there is no DICOM image, they are of several patients or examinations, or none is
            usable.
    """
    files, unreadable = read_folder(folder)
    if not files:
        raise ManifestError(f"No DICOM image was found in the folder ({_counted(unreadable) or 'no file'}).")
    people = max(
        len({one.identity.patient_id for one in files}),
        _people({(one.identity.birth_date, one.identity.patient_sex) for one in files}),
    )
    if people > 1:
        raise ManifestError(
            f"The folder holds images of {people} patients by their PatientID, birth date and "
            "sex; expected "
            "one examination of one. Nothing was read further; sort the files."
        )
    studies = {one.identity.study_uid for one in files}
    if len(studies) > 1:
        raise ManifestError(
            f"The folder holds {len(studies)} examinations by their StudyInstanceUID; expected one. "
            "Give the folder "
            "of one, or list all with cbvsynth manifest --layout dicom."
        )
    series = series_of(files)
    choice = choose_series(series, prefer, stated)
    inputs = {role: one for role, one in choice.chosen.items() if role in _INPUTS}
    images = make_images(inputs, work, secrets.token_bytes(32))
    left = (*choice.left_out, *images.left_out, *_unread(unreadable))
    if not images.files:
        reasons = "; ".join(f"{what}: {why}" for what, why in left[:5])
        raise ManifestError(f"No series of the folder can be used. {reasons or 'It holds none.'}")
    reasons_by_role = {
        role: f"{name_of(one.series)}: {one.reason}" for role, one in inputs.items() if role in images.files
    }
    taken = {role: one.series for role, one in inputs.items() if role in images.files}
    warnings = (*choice.warnings, *images.warnings)
    return Conversion(images.files, taken, reasons_by_role, left, warnings, tuple(series))


def _by_examination(
    files: Iterable[ImageFile],
) -> tuple[dict[tuple[str, str], list[ImageFile]], list[LeftOut]]:
    """Files by patient and study; without those whose tags contradict each other about whose they are."""
    groups: dict[tuple[str, str], list[ImageFile]] = defaultdict(list)
    by_series: dict[str, set[str]] = defaultdict(set)
    by_patient: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for file in files:
        one = file.identity
        by_series[file.series_uid].add(one.patient_id)
        by_patient[one.patient_id].add((one.birth_date, one.patient_sex))
    dropped: Counter[str] = Counter()
    for file in files:
        one = file.identity
        if len(by_series[file.series_uid]) > 1:
            dropped[
                "one series with the PatientID of several patients; sort the files or export them again"
            ] += 1
        elif one.patient_id and _people(by_patient[one.patient_id]) > 1:
            dropped["one PatientID for patients of different birth date or sex; correct the tags"] += 1
        elif not one.study_uid:
            dropped["no StudyInstanceUID, so that nobody knows which examination they are of"] += 1
        else:
            # Without a PatientID every examination is a patient of its own.
            groups[one.patient_id or f"study {one.study_uid}", one.study_uid].append(file)
    return groups, [LeftOut(f"{count} images", why) for why, count in dropped.items()]


def _people(facts: set[tuple[str, str]]) -> int:
    """How many people there are at least, by the birth dates and sexes that are stated."""
    return max(len({fact[index] for fact in facts} - {""}) for index in (0, 1))


def _folder_warnings(groups: Mapping[tuple[str, str], list[ImageFile]]) -> list[str]:
    patients: dict[Path, set[str]] = defaultdict(set)
    unnamed = 0
    for (patient, _), files in groups.items():
        unnamed += not files[0].identity.patient_id
        for file in files:
            patients[file.path.parent].add(patient)
    mixed = sum(len(names) > 1 for names in patients.values())
    found = [f"{mixed} folders hold files of several patients, told apart by PatientID"] if mixed else []
    if unnamed:
        found.append(f"{unnamed} examinations have no PatientID; each counts as a patient of its own")
    return found


def _questions_first(one: _Examination) -> list[tuple[str, str]]:
    """Left out, with what a person can settle first, then what is wrong, then what is not needed."""

    def rank(entry: tuple[str, str]) -> int:
        what, why = entry
        return 0 if not what.startswith("series") else 1 if "," in why else 2

    return sorted(one.left_out, key=rank)


def _rows(root: Path, found: Sequence[_Examination]) -> tuple[list[dict[str, str]], list[LeftOut]]:
    units = Counter(one.images.cbv_unit for one in found if one.images.cbv_unit is not None)
    usual = max(units, key=lambda unit: units[unit], default=TargetUnit.RELATIVE)
    rows, left = [], []
    for one in found:
        files = dict(one.images.files)
        if one.images.cbv_unit not in (None, usual):
            left.append(
                LeftOut(
                    f"{one.exam_id}, CBV",
                    f"in {one.images.cbv_unit}, but this study's is {usual}; units never mix",
                )
            )
            del files["cbv"]
        if not _INPUTS & set(files):
            left.append(LeftOut(one.exam_id, "no standard MRI sequence that can be used"))
            continue
        rows.append(
            {
                "exam_id": one.exam_id,
                "subject_id": one.subject_id,
                "session_id": one.session_id,
                "target_unit": usual.value,
                **_facts(one),
                **{role: path.relative_to(root).as_posix() for role, path in files.items()},
            }
        )
    return rows, left


def _facts(one: _Examination) -> dict[str, str]:
    """Each trait by the first image that states it; CBV comes last, as a workstation may have made it."""
    taken = [(role, one.choice.chosen[role].series) for role in one.images.files]
    ordered = sorted(taken, key=lambda pair: (pair[0] not in _INPUTS, pair[1].number))
    found: dict[str, str] = {}
    for _, series in ordered:
        found = {**_traits(series), **found}
    return found


def _traits(series: Series) -> dict[str, str]:
    """Age, sex, vendor and field strength, as far as they are certain."""
    tags, identity = series.tags, series.identity
    found: dict[str, str] = {}
    age = age_years(identity.age).value
    if age is not None:
        found["age"] = f"{min(age, OLDEST_STATED_AGE):g}"
    if identity.patient_sex in {"F", "M", "O"}:
        found["sex"] = identity.patient_sex
    if tags.vendor:
        found["scanner"] = _VENDOR_NAMES.get(tags.vendor, tags.vendor.title())
    field = _field_t(tags)
    if math.isfinite(field):
        found["field_t"] = f"{field:g}"
    return found


def _field_t(tags: Tags) -> float:
    """Tesla; some scanners state gauss."""
    field = tags.field_t / GAUSS_PER_TESLA if tags.field_t > 1000.0 else tags.field_t
    return round(field, 2)


def _write_series(path: Path, found: Sequence[_Examination]) -> None:
    columns = ("exam_id", "series", "taken_as", "plane", "slices", "reason")
    rows: list[tuple[object, ...]] = []
    for one in found:
        taken = {
            chosen.series.sop_uids: role
            for role, chosen in one.choice.chosen.items()
            if role in one.images.files
        }
        reasons: dict[str, list[str]] = defaultdict(list)
        for what, why in one.left_out:
            reasons[what].append(why)
        for series in one.series:
            role = taken.get(series.sop_uids, "")
            why = (
                one.choice.chosen[role].reason
                if role
                else "; ".join(reasons.get(name_of(series), ["a tie, see below"]))
            )
            rows.append(
                (one.exam_id, series.number, role, series.plane, series.shape[2] or len(series.files), why)
            )
        rows += [
            (one.exam_id, "", what, "", "", why)
            for what, (why, *_) in reasons.items()
            if not what.startswith("series")
        ]
    write_rows(path, columns, rows)


def _counted(unreadable: Unreadable) -> str:
    return "; ".join(f"{count}: {what}" for count, what in _unread(unreadable))


def _unread(unreadable: Unreadable) -> list[tuple[str, str]]:
    return [(f"{count} files", what) for what, count in sorted(unreadable.counts.items())]
