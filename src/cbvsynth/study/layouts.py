"""Find the examinations of a study by the names of its files.

The names themselves are in `layout_tables`; here is how a tree is walked, how a layout is recognised,
and how the files of one examination come together.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import ManifestError
from cbvsynth.study.layout_tables import TABLES, LayoutTable, Rule
from cbvsynth.study.participants import read_study_tables
from cbvsynth.study.paths import path_problem
from cbvsynth.study.pseudonyms import load_key, pseudonym
from cbvsynth.study.sidecars import stated_unit

_NIFTI_ENDS = (".nii", ".nii.gz")
_SKIPPED_FOLDERS = frozenset({"sourcedata"})
_INPUT_ROLES = frozenset(sequence.value for sequence in Sequence)


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in the manifest, and why; `what` never holds a patient's name."""

    what: str
    reason: str


@dataclass(frozen=True)
class Scan:
    """What was found: the layout, why it was recognised, manifest rows as text, and what was left out."""

    layout: Layout
    because: str
    rows: tuple[Mapping[str, str], ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Tree:
    """NIfTI files below the root (POSIX, sorted), other files by ending, and what cannot be used."""

    images: tuple[str, ...]
    others: Counter[str]
    unusable: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Match:
    rank: int
    path: str
    rule: Rule


@dataclass(frozen=True)
class _Found:
    """Files of one examination, one for each role; `subject` and `session` as the folders call them."""

    subject: str
    session: str
    files: Mapping[str, _Match]


def scan(root: Path, layout: Layout = Layout.AUTO) -> Scan:
    """Find the examinations below `root`.

    Raises:
        ManifestError: the folder is missing or unreadable, no layout or more than one is recognised,
            the chosen layout fits no file, or a pseudonym key is needed and missing.
    """
    tree = _walk(root)
    table = TABLES[layout] if layout is not Layout.AUTO else _recognise(tree)
    matched = _matches(table, tree.images)
    count = sum(len(matches) for roles in matched.values() for matches in roles.values())
    if not any(_INPUT_ROLES & set(roles) for roles in matched.values()):
        raise ManifestError(
            f"No file is named as in {table.title}: expected, for example, {table.example}. {_seen(tree)} "
            "Choose another layout, or write a manifest.csv."
        )
    study = _Study(root, table)
    _leave_by_name(study, tree, matched)
    found = _one_file_a_role(study, matched)
    found = _one_kind_of_cbv(study, found)
    found = _with_sequences(study, found)
    rows = _rows(study, found)
    because = f"{count} of {len(tree.images)} NIfTI files are named as in {table.example}"
    return Scan(table.layout, because, tuple(rows), tuple(study.left))


def _walk(root: Path) -> _Tree:
    if not root.is_dir():
        raise ManifestError(f"The data root '{root.name}' is not a folder; expected the folder of a study.")

    def unreadable(error: OSError) -> None:
        raise ManifestError(
            f"A folder of the data root cannot be read ({error.strerror}); change its permissions."
        ) from error

    images: list[str] = []
    others: Counter[str] = Counter()
    unusable: list[tuple[str, str]] = []
    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        unusable += [
            (str(relative / name), "a linked folder is not followed; copy it into the data root")
            for name in subfolders
            if Path(folder, name).is_symlink()
        ]
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(name for name in files if not name.startswith(".")):
            path = relative / name
            if not name.endswith(_NIFTI_ENDS):
                others[PurePosixPath(name).suffix.lower() or "no ending"] += 1
                continue
            problem = path_problem(root, path) if Path(folder, name).is_symlink() else ""
            if not str(path).isprintable():
                unusable.append(("a file", "its name is not printable UTF-8 text; rename it"))
            elif problem:
                unusable.append((str(path), f"its path {problem}; copy the file into the data root"))
            else:
                images.append(str(path))
    return _Tree(tuple(sorted(images)), others, tuple(unusable))


def _recognise(tree: _Tree) -> LayoutTable:
    counts = {
        table.layout: sum(
            any(rule.role in _INPUT_ROLES and rule.pattern.fullmatch(path) for rule in table.rules)
            for path in tree.images
        )
        for table in TABLES.values()
    }
    fitting = [layout for layout, count in counts.items() if count]
    if len(fitting) == 1:
        return TABLES[fitting[0]]
    if fitting:
        counted = ", ".join(f"{layout} ({counts[layout]} files)" for layout in fitting)
        raise ManifestError(
            f"The data root holds more than one layout: {counted}. Expected one study; choose the layout."
        )
    known = "\n".join(f"  {table.layout:<24}{table.example}" for table in TABLES.values())
    raise ManifestError(
        f"No known layout was recognised. {_seen(tree)} Expected a manifest.csv, or files named as in:\n"
        f"{known}"
    )


def _seen(tree: _Tree) -> str:
    """What a tree holds, in shapes of names: letters become x, digits 9, as names may be patients'."""
    shapes = Counter(
        re.sub(r"[^\W\d_]+", "x", re.sub(r"\d+", "9", path.removesuffix(".gz").removesuffix(".nii")))
        for path in tree.images
    )
    parts = [f"{len(tree.images)} NIfTI files"]
    if shapes:
        parts[0] += " of shapes such as " + ", ".join(shape + ".nii" for shape, _ in shapes.most_common(3))
    parts += [f"{count} files {ending}" for ending, count in tree.others.most_common(3)]
    dicom = " DICOM must be converted first: dcm2niix -z y -f %d." if ".dcm" in tree.others else ""
    return f"Found {'; '.join(parts)}.{dicom}"


_Matches = dict[tuple[str, str], dict[str, list[_Match]]]


def _matches(table: LayoutTable, images: Iterable[str]) -> _Matches:
    found: _Matches = defaultdict(lambda: defaultdict(list))
    for path in images:
        for rank, rule in enumerate(table.rules):
            match = rule.pattern.fullmatch(path)
            if match:
                key = (match["subject"], match.groupdict().get("session") or "")
                found[key][rule.role].append(_Match(rank, path, rule))
                break
    return found


class _Study:
    """A layout at work: names for people, and what is left out so far.

    Names are the folders' own, or keyed hashes where those may be patients' names.
    """

    def __init__(self, root: Path, table: LayoutTable) -> None:
        self.root = root
        self.table = table
        self.left: list[LeftOut] = []
        self._key = load_key(root) if table.pseudonymous else None

    def ids(self, subject: str, session: str) -> tuple[str, str, str]:
        """exam_id, subject_id, session_id of a patient's and a session's folder."""
        if self._key is not None:
            session_id = "s" + pseudonym(self._key, subject, session)
            subject_id = "p" + pseudonym(self._key, subject)
        else:
            subject_id, session_id = (
                re.sub(r"[^A-Za-z0-9_.+]+", "-", name).strip("-") for name in (subject, session)
            )
        exam_id = f"{subject_id}{self.table.joiner}{session_id}" if session_id else subject_id
        return exam_id, subject_id, session_id

    def exam_id(self, found: _Found) -> str:
        """Name of an examination."""
        return self.ids(found.subject, found.session)[0]

    def leave_file(self, path: str, reason: str) -> None:
        """Leave out a file or folder, called by its path unless that may hold a name."""
        self.left.append(LeftOut("a file or folder" if self._key is not None else path, reason))

    def leave(self, what: str, reason: str) -> None:
        """Leave out something that has a name for people."""
        self.left.append(LeftOut(what, reason))


def _leave_by_name(study: _Study, tree: _Tree, matched: _Matches) -> None:
    used = {match.path for roles in matched.values() for matches in roles.values() for match in matches}
    for path, reason in tree.unusable:
        study.leave_file(path, reason)
    other = 0
    for path in tree.images:
        if path in used:
            continue
        refusal = next((one for one in study.table.refusals if one.pattern.fullmatch(path)), None)
        if refusal:
            study.leave_file(path, refusal.reason)
        else:
            other += 1
    if other:
        study.leave(
            f"{other} other NIfTI files", f"no input, CBV, mask or segmentation of {study.table.title}"
        )


def _one_file_a_role(study: _Study, matched: _Matches) -> list[_Found]:
    """Keep the first file of the first rule, for CBV of every kind; report every other one."""
    found = []
    for (subject, session), roles in sorted(matched.items()):
        files: dict[str, _Match] = {}
        for role, matches in roles.items():
            for match in sorted(matches, key=lambda one: (one.rank, one.path)):
                slot = f"cbv/{match.rule.quantity}" if role == "cbv" else role
                if slot in files:
                    exam_id = study.ids(subject, session)[0]
                    study.leave_file(match.path, f"{exam_id} has another {role.upper()}, which comes first")
                else:
                    files[slot] = match
        found.append(_Found(subject, session, files))
    return found


def _one_kind_of_cbv(study: _Study, found: list[_Found]) -> list[_Found]:
    """Keep the kind of CBV map that most examinations have: a mean of two kinds means nothing."""
    kinds = Counter(slot for one in found for slot in one.files if slot.startswith("cbv/"))
    best = max(kinds, key=lambda slot: kinds[slot], default="")
    kept = []
    for one in found:
        files = {slot: match for slot, match in one.files.items() if not slot.startswith("cbv/")}
        if best in one.files:
            files["cbv"] = one.files[best]
        for slot in one.files:
            if slot.startswith("cbv/") and slot != best:
                study.leave(
                    f"{study.exam_id(one)}: {slot.removeprefix('cbv/')}",
                    f"kinds of CBV map never mix; this study's is {best.removeprefix('cbv/')}",
                )
        kept.append(_Found(one.subject, one.session, files))
    return kept


def _with_sequences(study: _Study, found: list[_Found]) -> list[_Found]:
    for one in found:
        if not _INPUT_ROLES & set(one.files):
            roles = ", ".join(role.upper() for role in one.files) or "nothing usable"
            study.leave(study.exam_id(one), f"no standard MRI sequence, only {roles}")
    return [one for one in found if _INPUT_ROLES & set(one.files)]


def _rows(study: _Study, found: list[_Found]) -> list[dict[str, str]]:
    tables = read_study_tables(study.root, {one.subject for one in found})
    default = study.table.target_unit
    rows = []
    units: dict[str, str] = {}
    for one in found:
        exam_id, subject_id, session_id = study.ids(one.subject, one.session)
        if study.table.unit_from_sidecar and "cbv" in one.files:
            stated = stated_unit(study.root, PurePosixPath(one.files["cbv"].path))
            if stated.problem:
                study.leave(exam_id, stated.problem)
                continue
            units[exam_id] = (stated.unit or default).value
        scales = [
            f"{role}={match.rule.scale!r}" for role, match in one.files.items() if match.rule.scale != 1.0
        ]
        rows.append(
            {
                **tables.traits(one.subject, one.session),
                "exam_id": exam_id,
                "subject_id": subject_id,
                "session_id": session_id,
                "scales": ";".join(scales),
                "enhancing_label": str(study.table.enhancing_label or ""),
                **{role: match.path for role, match in one.files.items()},
            }
        )
    # An examination without a CBV map takes the unit of those that have one.
    usual = next(iter(units.values()), default.value)
    for row in rows:
        row["target_unit"] = units.get(row["exam_id"], usual)
    return rows
