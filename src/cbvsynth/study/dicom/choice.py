"""One series for each role of an examination; what cannot be told apart is asked about."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cbvsynth.study.dicom import vocabulary
from cbvsynth.study.dicom.recognition import Finding, recognise
from cbvsynth.study.dicom.roles import ROLES_TABLE, Stated
from cbvsynth.study.dicom.series import Series


@dataclass(frozen=True)
class Chosen:
    """A series that is taken, for which role and why."""

    series: Series
    role: str
    reason: str
    relative: bool = False
    unit: str = ""
    """Of CBV, as a person states it; empty where the tags do."""


@dataclass(frozen=True)
class Choice:
    """Of one examination: the series taken, by role, and each other one with its reason.

    `left_out` holds names as in ``series 7`` or ``T1C``.
    """

    chosen: dict[str, Chosen]
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


def choose_series(
    series: Sequence[Series], prefer: Sequence[str] = (), stated: Mapping[int, Stated] | None = None
) -> Choice:
    """Take one series for each role.

    Rules: T1 is before and T1C after contrast agent, by the description, else by the agent's tag, else by the
    time of acquisition against the first series with agent; original images come before derived ones;
    `prefer` settles what is left. A tie takes none.

    Args:
        series: all of one examination.
        prefer: words that a person prefers (`3d`, `ax`, `mprage`, `series-7`), the first first.
        stated: roles that a person states, by the number of the series; they come before everything.
    """
    roles = stated or {}
    findings = [
        (one, _stated(roles[one.number]) if one.number in roles else recognise(one)) for one in series
    ]
    left = [(name_of(one), finding.reason) for one, finding in findings if not finding.role]
    candidates: dict[str, list[tuple[Series, Finding]]] = defaultdict(list)
    for one, finding in _with_contrast(findings):
        if one.problem or one.corners_mm is None or one.volumes > 1:
            problem = one.problem or f"{one.volumes} images of each slice"
            left.append((name_of(one), f"{finding.role.upper()}, but {problem}"))
        elif not finding.role:
            left.append((name_of(one), finding.reason))
        else:
            candidates[finding.role].append((one, finding))
    chosen: dict[str, Chosen] = {}
    for role, found in candidates.items():
        by_hand = [pair for pair in found if pair[0].number in roles]
        if by_hand:
            left += [
                (name_of(one), f"another {role.upper()}: {ROLES_TABLE} names one")
                for one, _ in found
                if one.number not in roles
            ]
        taken, reasons = _one(role, by_hand or found, prefer)
        left += reasons
        if taken is not None:
            number = taken.series.number
            chosen[role] = replace(taken, unit=roles[number].unit) if number in roles else taken
    return Choice(chosen, tuple(left), tuple(_frame_warnings(chosen)))


def name_of(series: Series) -> str:
    """How messages call a series: by its number."""
    return f"series {series.number}"


def beyond_voxels(series: Series, most: float) -> str:
    """What to say of a series that declares more voxels than are taken, before it is unpacked; else empty."""
    x, y, z = series.shape
    if x * y * max(z, 1) * series.volumes <= most:
        return ""
    declared = f"{name_of(series)} declares {x} x {y} x {z} voxels"
    return f"{declared}, more than the {most / 1e6:g} million that are taken"


def words_of(series: Series) -> tuple[str, ...]:
    """Words that tell a series from others, as `--prefer` takes them."""
    tags = series.tags
    found = [
        series.plane,
        tags.acquisition_type.lower(),
        *vocabulary.known_words(tags.description, tags.image_type),
    ]
    return (*dict.fromkeys(word for word in found if word), f"series-{series.number}")


def _stated(one: Stated) -> Finding:
    return Finding(one.role, f"{ROLES_TABLE} says so", "stated")


def _with_contrast(findings: list[tuple[Series, Finding]]) -> list[tuple[Series, Finding]]:
    """The needed series, T1 as before or after contrast agent."""
    start = min(
        (
            one.seconds
            for one, finding in findings
            if math.isfinite(one.seconds)
            and (finding.perfusion or (finding.contrast == "after" and not finding.weak))
        ),
        default=math.nan,
    )
    some_contrast = any(finding.contrast == "after" or finding.perfusion for _, finding in findings)
    return [
        (
            one,
            _t1_or_t1c(one, finding, start, some_contrast=some_contrast)
            if finding.role == "t1" and finding.contrast != "stated"
            else finding,
        )
        for one, finding in findings
        if finding.role
    ]


def _t1_or_t1c(series: Series, finding: Finding, start: float, *, some_contrast: bool) -> Finding:
    """T1 or T1C by its words, the agent's tag and `start`, when the first series with agent began."""
    timed = math.isfinite(start) and math.isfinite(series.seconds)
    late, early = timed and series.seconds > start, timed and series.seconds <= start
    role, reason = "t1", finding.reason
    if finding.contrast == "before" and late:
        role, reason = "", "T1, called before contrast agent, but acquired after a series with it"
    elif finding.contrast == "after" and finding.weak and early:
        role = ""
        reason = "T1 whose tags name a contrast agent, but acquired before the first series that shows it"
    elif finding.contrast == "after":
        role = "t1c"
    elif finding.contrast == "" and late:
        role, reason = "t1c", f"{reason}; acquired after a series with contrast agent"
    elif finding.contrast == "" and early:
        reason += "; acquired before contrast agent"
    elif finding.contrast == "":
        # Without times, the one that says nothing beside one that says after is the usual way to name T1.
        where = "" if some_contrast else " in the examination"
        reason += f", and nothing{where} says that contrast agent was given"
    return replace(finding, role=role, reason=reason)


def _one(
    role: str, found: list[tuple[Series, Finding]], prefer: Sequence[str]
) -> tuple[Chosen | None, list[tuple[str, str]]]:
    left = list(found)
    reasons: list[tuple[str, str]] = []

    def keep(kept: list[tuple[Series, Finding]], why: str) -> None:
        reasons.extend(
            (name_of(one), f"another {role.upper()}: {why}")
            for one, _ in left
            if one not in [s for s, _ in kept]
        )
        left[:] = kept

    original = [one for one in left if "DERIVED" not in one[0].tags.image_type]
    if role not in ("adc", "asl", "cbv") and 0 < len(original) < len(left):
        keep(original, "original images come before derived ones")
    for word in prefer:
        kept = [one for one in left if word in words_of(one[0])]
        if 0 < len(kept) < len(left):
            keep(kept, f"{word} is preferred")
    if len(left) == 1:
        one, finding = left[0]
        return Chosen(one, role, finding.reason, finding.relative), reasons
    shown = " and ".join(
        f"{name_of(one)} ({_described(one)})" for one, _ in sorted(left, key=lambda pair: pair[0].number)
    )
    common = set.intersection(*(set(words_of(one)) for one, _ in left))
    telling = sorted(
        {word for one, _ in left for word in words_of(one)} - common,
        key=lambda word: (word.startswith("series"), word),
    )
    words = " or ".join(telling)
    asked = f"{shown}: nothing says which one to take; say so with --prefer {words}, or in {ROLES_TABLE}"
    return None, [*reasons, (role.upper(), asked)]


def _described(series: Series) -> str:
    words = ", ".join(words_of(series)[:-1])
    x, y, z = series.spacing_mm
    return f"{words}{', ' if words else ''}{x:.3g} x {y:.3g} x {z:.3g} mm, {series.shape[2]} slices"


def _frame_warnings(chosen: dict[str, Chosen]) -> list[str]:
    frames = {one.series.frame_of_reference for one in chosen.values()} - {""}
    if len(frames) < 2:
        return []
    text = (
        "its series are of different frames of reference: the patient was taken out of the scanner in "
        "between, or images were registered elsewhere; places agree only after registration"
    )
    return [text]
