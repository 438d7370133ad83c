"""Find the examinations of a study by the names of its files.

The names themselves are in `layout_tables`; here is how a tree is walked, how a layout is recognised,
and how the files of one examination come together.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cbvsynth.domain.options import Layout
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ManifestError
from cbvsynth.study import bids_names
from cbvsynth.study.foreign_files import image_ending
from cbvsynth.study.layout_recognition import INPUT_ROLES, recognise_layout
from cbvsynth.study.layout_tables import TABLES, LayoutTable, Rule
from cbvsynth.study.nnunet import nnunet_table
from cbvsynth.study.participants import StudyTables, read_study_tables
from cbvsynth.study.patterns import pattern_table
from cbvsynth.study.pseudonyms import load_key, pseudonym
from cbvsynth.study.sidecars import Sidecars
from cbvsynth.study.tree import Tree, seen, walk

A_FILE = "a file or folder"
"""How a file is called whose path is not told."""


@dataclass(frozen=True)
class LeftOut:
    """Something that is not in the manifest, and why; `what` never holds a patient's name.

    is_path: whether `what` is a path, in a layout whose folders bear identifiers.
    """

    what: str
    reason: str
    is_path: bool = False


@dataclass(frozen=True)
class Scan:
    """What was found: the layout, why it was recognised, manifest rows as text, and what was left out.

    `warnings` are doubts about the tables of patients and sessions.
    """

    layout: Layout
    because: str
    rows: tuple[Mapping[str, str], ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Match:
    """A file that a rule fits; `enhancing_label` as its own table of labels states it."""

    rank: int
    path: str
    rule: Rule
    enhancing_label: str = ""


@dataclass(frozen=True)
class _Found:
    """Files of one examination, one for each role; `subject` and `session` as the folders call them."""

    subject: str
    session: str
    files: Mapping[str, _Match]


def scan(
    root: Path,
    layout: Layout = Layout.AUTO,
    prefer: SequenceOf[str] = (),
    patterns: SequenceOf[str] = (),
) -> Scan:
    """Find the examinations below `root`.

    Args:
        root: data root.
        layout: how its files are named.
        prefer: entities or folders of derivatives that settle ties between files of BIDS, the first first.
        patterns: how files are named where no layout fits, as `patterns.pattern_table` reads them; `layout`
            is then not asked.

    Raises:
        ManifestError: the folder is missing or unreadable, no layout or more than one is recognised,
            the chosen layout fits no file, or a pseudonym key is needed and missing.
    """
    tree = walk(root)
    layouts = {**TABLES, Layout.NNUNET: nnunet_table(root, tree)}
    if patterns:
        table = pattern_table(patterns)
    else:
        table = layouts[layout] if layout is not Layout.AUTO else recognise_layout(tree, layouts.values())
    matched = _matches(table, tree.images)
    count = sum(len(matches) for roles in matched.values() for matches in roles.values())
    if not any(INPUT_ROLES & set(roles) for roles in matched.values()):
        raise ManifestError(
            f"No file is named as in {table.title}: expected, for example, {table.example}. {seen(tree)} "
            "Choose another layout, or write a manifest.csv."
        )
    study = _Study(root, table, prefer)
    _leave_by_name(study, tree, matched)
    if table.layout is Layout.BIDS:
        matched = _bids_files(study, matched)
    _one_place(study, matched)
    found = _one_file_a_role(study, matched)
    found = _one_kind_of_cbv(study, found)
    found = _with_sequences(study, found)
    tables = read_study_tables(root, ((one.subject, one.session) for one in found))
    rows = _rows(study, found, tables)
    because = f"{count} of {len(tree.images)} NIfTI files are named as in {table.example}"
    return Scan(table.layout, because, tuple(rows), tuple(study.left), tables.warnings)


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

    def __init__(self, root: Path, table: LayoutTable, prefer: SequenceOf[str]) -> None:
        self.root = root
        self.table = table
        self.sidecars = Sidecars(root)
        self.prefer = prefer
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
        shown = A_FILE if self._key is not None else path
        self.left.append(LeftOut(shown, reason, is_path=shown == path))

    def leave(self, what: str, reason: str) -> None:
        """Leave out something that has a name for people."""
        self.left.append(LeftOut(what, reason))


def _leave_by_name(study: _Study, tree: Tree, matched: _Matches) -> None:
    used = {match.path for roles in matched.values() for matches in roles.values() for match in matches}
    for path, reason in tree.unusable:
        study.leave_file(path, reason)
    for ending, count in sorted(tree.others.items()):
        known = image_ending(ending)
        if known:
            study.leave(f"{counted(count, 'file')} {ending}", f"{known[0]}, not a NIfTI file. {known[1]}")
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


def _bids_files(study: _Study, matched: _Matches) -> _Matches:
    """What names alone do not say: whole images only, T1 or T1C, lesions only, one space."""
    found: _Matches = defaultdict(lambda: defaultdict(list))
    for key, roles in matched.items():
        for match in (match for matches in roles.values() for match in matches):
            kept, problem = _bids_file(study, match)
            if problem:
                study.leave_file(match.path, problem)
            else:
                found[key][kept.rule.role].append(kept)
        _one_space(study, found[key])
    return found


def _bids_file(study: _Study, match: _Match) -> tuple[_Match, str]:
    """A match as what it is, and why it cannot be used, if so."""
    problem = bids_names.part_problem(match.path)
    if problem:
        return match, problem
    rules = study.table.rules
    if match.rule.role == "t1" and bids_names.contrast(study.sidecars, match.path):
        # The rules of T1C stand as far behind those of T1 for raw images as for derivatives.
        rank = next(rank for rank, rule in enumerate(rules) if rank > match.rank and rule.role == "t1c")
        return replace(match, rank=rank, rule=rules[rank]), ""
    if match.rule.role == "seg":
        lookup = bids_names.lookup(study.root, match.path)
        if match.rule is rules[-1] and not lookup.is_lesion:
            return match, (
                "a dseg is taken for a lesion only with desc-lesion or desc-tumor in its name, or a dseg.tsv "
                "that says so; others show tissues"
            )
        return replace(match, enhancing_label=lookup.enhancing_label), ""
    return match, ""


def _one_space(study: _Study, roles: dict[str, list[_Match]]) -> None:
    """Keep the files in the space of most sequences, at a tie the patient's own."""
    spaces = Counter(
        space
        for role in INPUT_ROLES & set(roles)
        for space in {bids_names.space(match.path) for match in roles[role]}
    )
    usual = max(spaces, key=lambda name: (spaces[name], not name, name), default="")
    for role, matches in list(roles.items()):
        kept = [match for match in matches if bids_names.space(match.path) == usual]
        for match in matches:
            if match not in kept:
                own = f"space-{usual}" if usual else "the patient's own space"
                study.leave_file(match.path, f"not in {own}, as the sequences of this examination are")
        roles[role] = kept
        if not kept:
            del roles[role]


def _one_place(study: _Study, matched: _Matches) -> None:
    """Where a study keeps images in several places, keep an examination's of the one with most sequences.

    Two cases of one name in different data sets of nnU-Net may be different patients.
    """
    order = list(dict.fromkeys(rule.place for rule in study.table.rules))
    advice = "; rename one if they are different patients" if study.table.layout is Layout.NNUNET else ""
    for roles in matched.values():
        counts = Counter(
            place for role in INPUT_ROLES & set(roles) for place in {one.rule.place for one in roles[role]}
        )
        if not counts:
            continue
        best = max(counts, key=lambda place: (counts[place], -order.index(place)))
        for role, matches in list(roles.items()):
            roles[role] = [match for match in matches if match.rule.place == best]
            for match in matches:
                if match.rule.place not in counts:
                    study.leave_file(match.path, f"not where the images of its examination are{advice}")
                elif match.rule.place != best:
                    study.leave_file(
                        match.path,
                        "the same examination is there in another place, with as many sequences or more"
                        + advice,
                    )
            if not roles[role]:
                del roles[role]


def _one_file_a_role(study: _Study, matched: _Matches) -> list[_Found]:
    """Keep one file of the first rule, for CBV of every kind; report every other one."""
    found = []
    for (subject, session), roles in sorted(matched.items()):
        slots: dict[str, list[_Match]] = defaultdict(list)
        for role, matches in roles.items():
            for match in sorted(matches, key=lambda one: (one.rank, one.path)):
                slots[f"cbv/{match.rule.quantity}" if role == "cbv" else role].append(match)
        files = {
            slot: kept
            for slot, matches in slots.items()
            if (kept := _one_file(study, study.ids(subject, session)[0], matches))
        }
        found.append(_Found(subject, session, files))
    return found


def _one_file(study: _Study, exam_id: str, matches: list[_Match]) -> _Match | None:
    """The file that is taken of those for one role, in the order of their rules; None at a tie."""
    role = matches[0].rule.role.upper()
    first = [match for match in matches if match.rank == matches[0].rank]
    if study.table.layout is not Layout.BIDS:
        first = first[:1]
    choice = bids_names.choose([match.path for match in first], study.prefer)
    for match in matches:
        if match.path in choice.reasons and not choice.taken:
            study.leave_file(match.path, f"{exam_id} has several {role}, and {choice.reasons[match.path]}")
        elif match.path != choice.taken:
            why = choice.reasons.get(match.path, "")
            study.leave_file(
                match.path, f"{exam_id} has another {role}, which comes first" + (f": {why}" if why else "")
            )
    return next((match for match in first if match.path == choice.taken), None)


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
        if not INPUT_ROLES & set(one.files):
            roles = ", ".join(role.upper() for role in one.files) or "nothing usable"
            study.leave(study.exam_id(one), f"no standard MRI sequence, only {roles}")
    return [one for one in found if INPUT_ROLES & set(one.files)]


def _enhancing_label(table: LayoutTable, one: _Found) -> str:
    if "seg" not in one.files:
        return str(table.enhancing_label or "")
    match = one.files["seg"]
    return match.enhancing_label or str(match.rule.enhancing_label or table.enhancing_label or "")


def _rows(study: _Study, found: list[_Found], tables: StudyTables) -> list[dict[str, str]]:
    default = study.table.target_unit
    rows = []
    units: dict[str, str] = {}
    problem = ""
    for one in found:
        factor = 1.0
        exam_id, subject_id, session_id = study.ids(one.subject, one.session)
        if study.table.unit_from_sidecar and "cbv" in one.files:
            stated = study.sidecars.cbv_unit(PurePosixPath(one.files["cbv"].path))
            if stated.problem:
                problem = stated.problem
                study.leave(exam_id, problem)
                continue
            factor = stated.factor
            units[exam_id] = (stated.unit or default).value
        scales = [
            f"{role}={scale!r}"
            for role, match in one.files.items()
            if (scale := match.rule.scale * (factor if role == "cbv" else 1.0)) != 1.0
        ]
        rows.append(
            {
                **tables.traits(one.subject, one.session),
                "exam_id": exam_id,
                "subject_id": subject_id,
                "session_id": session_id,
                "scales": ";".join(scales),
                "enhancing_label": _enhancing_label(study.table, one),
                **{role: match.path for role, match in one.files.items()},
            }
        )
    if problem and not rows:
        raise ManifestError(f"Every examination is left out, the last because {problem}.")
    # An examination without a CBV map takes the unit of those that have one.
    usual = next(iter(units.values()), default.value)
    for row in rows:
        row["target_unit"] = units.get(row["exam_id"], usual)
    return rows
