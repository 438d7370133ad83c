"""Which planted faults validate finds, at which strength, on aligned and on raw phantoms.

    python benchmarks/planted_faults.py [--entry aligned raw] [--examinations 3] [--limits limits.yaml]

Draws examinations with each fault at full, half and quarter strength and as many sound ones, lets
`validate` judge them all, and prints a table in Markdown: for each fault and strength, in how many
examinations it was found (dropped), by which checks, or only warned about; and how often sound
examinations were dropped. Each examination is another patient. The raw ones are judged with their true
brain mask (--mask none: with none), and with every sequence lying still (--displacement_mm), so that a fault
is what differs.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.config import ValidateConfig
from cbvsynth.domain.options import Entry, Strength
from cbvsynth.phantom import description
from cbvsynth.phantom.faults import Fault
from cbvsynth.phantom.plan import PlannedExamination, StudySettings, diagnosis_of, participant_label
from cbvsynth.phantom.raw.study import TRUTH
from cbvsynth.phantom.study import PHANTOM_VERSION, write_study
from cbvsynth.quality.outcome import Judged
from cbvsynth.quality.validation import validate_study
from cbvsynth.records.storage import write_json

GRIDS = {Entry.ALIGNED: (64, 8), Entry.RAW: (96, 14)}
"""In-plane matrix and slices of T1."""
PLAIN_EVERY = 12
"""Of the sound raw patients, every twelfth has the plainest protocol and units."""
FIRST_FAULTY = 1001
DIAGNOSES = 5


@dataclass(frozen=True)
class Found:
    """What validate made of the examinations of one kind: how many dropped, warned about, and by what."""

    of: int
    dropped: int
    warned: int
    checks: tuple[str, ...]

    def __str__(self) -> str:
        """One cell of the table."""
        names = ", ".join(f"`{name}`" for name in self.checks)
        if self.dropped:
            return f"{self.dropped}/{self.of} {names}"
        return f"warned {self.warned}/{self.of} {names}" if self.warned else f"0/{self.of}"


def main() -> None:
    """Draw, judge, print."""
    flags = arguments()
    for entry in flags.entry:
        with tempfile.TemporaryDirectory(prefix="cbvsynth-faults-") as folder:
            plan = plan_of(flags.examinations, set(flags.faults))
            found = judged(Path(folder), Entry(entry), plan, flags)
        print(table(Entry(entry), found, flags.examinations), flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entry", nargs="+", choices=list(Entry), default=list(Entry))
    parser.add_argument("--faults", nargs="+", choices=list(Fault), default=list(Fault))
    parser.add_argument("--examinations", type=int, default=3, help="of each fault and strength")
    parser.add_argument("--limits", type=Path, default=Path("limits.yaml"))
    parser.add_argument("--mask", choices=["truth", "none"], default="truth", help="of raw examinations")
    parser.add_argument("--displacement_mm", type=float, default=0.0)
    parser.add_argument("--displacement_degrees", type=float, default=0.0)
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def plan_of(examinations: int, faults: set[str]) -> tuple[PlannedExamination, ...]:
    """Sound examinations of five diagnoses, then every fault at every strength that it has."""
    sound = [1 + PLAIN_EVERY * number for number in range(max(examinations, DIAGNOSES))]
    planned = [PlannedExamination(patient, 1, diagnosis_of(patient), None) for patient in sound]
    patient = FIRST_FAULTY
    for fault in Fault:
        for strength in fault.strengths if fault in faults else ():
            for _ in range(examinations):
                planned.append(PlannedExamination(patient, 1, diagnosis_of(patient), fault, strength))
                patient += 1
    return tuple(planned)


def judged(
    folder: Path, entry: Entry, plan: tuple[PlannedExamination, ...], flags: argparse.Namespace
) -> dict[tuple[Fault | None, Strength], Found]:
    """What validate found, by fault and strength."""
    matrix, slices = GRIDS[entry]
    settings = StudySettings(
        patients=len(plan),
        matrix=matrix,
        slices=slices,
        damaged=0,
        entry=entry,
        displacement_mm=flags.displacement_mm,
        displacement_degrees=flags.displacement_degrees,
    )
    data = folder / "data"
    write_study(data, settings, flags.workers, plan)
    if entry is Entry.RAW and flags.mask == "truth":
        give_masks(data, settings, plan)
    config = ValidateConfig(
        data=data,
        limits=flags.limits,
        out=folder / "artifacts" / "validate",
        max_dropped_share=1.0,
        workers=flags.workers,
    )
    outcome = validate_study(config)
    by_name = {one.examination.exam_id: one for one in outcome.judged}
    groups: dict[tuple[Fault | None, Strength], list[Judged]] = {}
    for planned in plan:
        name = f"{participant_label(settings, planned.patient)}_ses-{planned.session}"
        groups.setdefault((planned.fault, planned.strength), []).append(by_name[name])
    return {kind: summary(members) for kind, members in groups.items()}


def give_masks(data: Path, settings: StudySettings, plan: tuple[PlannedExamination, ...]) -> None:
    """Lay the true mask of T1 where a laboratory would lay its own."""
    masks = data / "derivatives" / "masks"
    for planned in plan:
        place = f"{participant_label(settings, planned.patient)}/ses-{planned.session}"
        stem = place.replace("/", "_")
        target = masks / place / "anat" / f"{stem}_desc-brain_mask.nii"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / TRUTH / f"{stem}_t1_brain.nii", target)
    write_json(
        masks / "dataset_description.json", description.derivative_description("Masks", PHANTOM_VERSION)
    )


def summary(members: list[Judged]) -> Found:
    """How many were dropped or warned about, and by which checks, the most frequent first."""
    dropping = Counter(name for one in members for name in {f.check for f in one.findings if f.group})
    warning = Counter(name for one in members for name in {f.check for f in one.findings if not f.group})
    dropped = sum(one.group is not None for one in members)
    checks = dropping if dropped else warning
    return Found(
        of=len(members),
        dropped=dropped,
        warned=sum(bool(one.warnings) and one.group is None for one in members),
        checks=tuple(name for name, _ in checks.most_common()),
    )


def table(entry: Entry, found: dict[tuple[Fault | None, Strength], Found], examinations: int) -> str:
    """The table in Markdown."""
    matrix, slices = GRIDS[entry]
    lines = [
        f"### {entry} phantoms, {matrix} x {matrix} x {slices}, {examinations} of each",
        "",
        f"| fault | {' | '.join(Strength)} |",
        f"|---|{'---|' * len(Strength)}",
        f"| none | {found[None, Strength.FULL]} | | |",
    ]
    for fault in Fault:
        cells = [str(found.get((fault, strength), "–")) for strength in Strength]
        if any(cell != "–" for cell in cells):
            lines.append(f"| `{fault}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
