"""`cbvsynth limits suggest`: a laboratory's own limits for validate, from its own good examinations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cbvsynth.config import MAX_WORKERS
from cbvsynth.domain.options import BrainMask, Layout, Register
from cbvsynth.domain.ranges import MAX_WAIT_S, require_range
from cbvsynth.domain.wording import counted
from cbvsynth.errors import UsageError


def suggest(  # noqa: PLR0913  all by name, all with a default
    *,
    data: Path = Path("data"),
    layout: Layout = Layout.AUTO,
    examinations: Path | None = None,
    limits: Path = Path("limits.yaml"),
    register: Register = Register.RIGID,
    brain_mask: BrainMask = BrainMask.AUTO,
    brain_command: str = "deepbet",
    brain_timeout_s: float = 900.0,
    prefer: tuple[str, ...] = ("none",),
    out: Path = Path("limits.suggested.yaml"),
    workers: int = 2,
) -> None:
    """Propose limits from good examinations, with the tails shown.

    Writes a file of limits for `validate --limits`, and beside it the table (.md) and the picture (.png) that
    the limits rest on. Limits that are not of the scanner stay as they are. An existing file is never
    written over.

    Args:
        data: Data root, as for validate.
        layout: Folder layout of the study, as for validate.
        examinations: Which examinations are good: validate's examinations.csv, of which the accepted ones
            count, or a text file with one exam_id a line; all of the study when not given.
        limits: Limits in use now.
        register: As for validate.
        brain_mask: As for validate.
        brain_command: As for validate.
        brain_timeout_s: Time for one brain, seconds.
        prefer: As for validate.
        out: File of limits to write.
        workers: Examinations measured at the same time.
    """
    import matplotlib as mpl  # noqa: F401  # the picture needs it; missing, it is said before the work

    from cbvsynth.extraction import BrainSettings
    from cbvsynth.quality.limits import read_limits
    from cbvsynth.quality.suggestion import learned_from, propose, table, write_limits
    from cbvsynth.quality.suggestion_chart import suggestion_chart
    from cbvsynth.quality.survey import survey_study
    from cbvsynth.records.storage import write_text
    from cbvsynth.records.writable import require_writable
    from cbvsynth.study.manifest import load_manifest

    require_range("workers", workers, 1, MAX_WORKERS)
    require_range("brain_timeout_s", brain_timeout_s, 1, MAX_WAIT_S)
    require_writable(out)
    beside = {ending: out.with_suffix(ending) for ending in (".md", ".png")}
    for path in (out, *beside.values()):
        if path.exists():
            raise UsageError(
                f"{path} exists and may hold work done by hand; delete it or give another --out."
            )
    in_use = read_limits(limits)
    every = load_manifest(data, layout, prefer).examinations
    good = _good(examinations, {one.exam_id for one in every})
    brain = BrainSettings(brain_mask, brain_command, brain_timeout_s)
    chosen = [one for one in every if one.exam_id in good]
    surveys = survey_study(data, chosen, workers, register, brain)
    proposals = propose(surveys, in_use.limits)
    learned = learned_from(proposals, surveys, datetime.now(UTC).date().isoformat())
    text = table(proposals)
    write_limits(out, limits.read_text(encoding="utf-8"), proposals, learned)
    read_limits(out)
    write_text(beside[".md"], text)
    suggestion_chart(proposals).save_png(beside[".png"])
    print(f"limits from {counted(learned.examinations, 'good examination')}:\n")
    print(text)
    for survey in surveys:
        for _, problem in survey.problems:
            print(f"left out: {problem}")
    print(f"written: {out}; look at {beside['.png']}, then validate --limits {out}")


def _good(path: Path | None, every: set[str]) -> set[str]:
    """Names of the good examinations.

    Raises:
        UsageError: the list does not exist, is not UTF-8, or names one that the study does not have.
    """
    from cbvsynth.records.decisions import read_decisions

    if path is None:
        return every
    if not path.is_file():
        raise UsageError(f"{path} does not exist; expected a list of good examinations, or leave it out.")
    if path.suffix == ".csv":
        named = {one.exam_id for one in read_decisions(path) if one.accepted}
    else:
        named = {line.strip() for line in _text(path).splitlines() if line.strip()}
    unknown = sorted(named - every)
    if unknown or not named:
        found = f"names '{unknown[0]}', which is not in the study" if unknown else "names no examination"
        raise UsageError(f"{path} {found}; expected exam_ids as in validate's examinations.csv.")
    return named


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows write a byte order mark
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8, with one exam_id a line.") from error
