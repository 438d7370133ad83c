"""What a preprocessed study holds, for people (report.md) and for programs (report.json).

Nothing in it depends on when or where it was made: the same data give the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.adc_units import AdcUnit
from cbvsynth.domain.examination import image_label
from cbvsynth.domain.options import SplitUnit
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, Sequence
from cbvsynth.domain.splits import HELD_OUT, SHARE_TOLERANCE, TRAIN, SplitReport
from cbvsynth.preprocessing.arrays import ArrayFacts
from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.storage import write_json, write_text

REPORT_FORMAT = 1

_NO_DIAGNOSIS = "not stated"
_MOST_PLACING_WARNINGS = 10


@dataclass(frozen=True)
class StudyReport:
    """Counts of a preprocessed study; shares are from 0 to 1.

    `available` and `diagnoses` count examinations by name and split; `grids` counts them by shape and
    spacing in mm, `mask_sources` and `adc_units` by what was found. `displacements_mm` says by role in how
    many examinations the distance from T1 was measured, its median and its largest value; `moved` counts
    those that were moved into place. `highest_negative_share` is the
    largest share of a brain's CBV voxels that were below 0 and became 0.
    """

    preprocessing_version: str
    data_fingerprint: str
    target_unit: str
    split_by: str
    seed: int
    wanted_held_out_share: float
    held_out_share: float
    leaking_share: float
    split: SplitReport
    available: Mapping[str, Mapping[str, int]]
    diagnoses: Mapping[str, Mapping[str, int]]
    grids: Mapping[str, int]
    resampled: Mapping[str, int]
    mask_sources: Mapping[str, int]
    adc_units: Mapping[str, int]
    register: str
    displacements_mm: Mapping[str, Mapping[str, float]]
    moved: Mapping[str, int]
    highest_negative_share: float
    warnings: tuple[str, ...]


def build_report(
    config: PreprocessConfig, index: ExaminationIndex, split: SplitReport, facts: Mapping[str, ArrayFacts]
) -> StudyReport:
    """Count a study; `facts` is by exam_id."""
    grids = Counter(_grid_words(fact) for fact in facts.values())
    return StudyReport(
        preprocessing_version=index.preprocessing_version,
        data_fingerprint=index.data_fingerprint,
        target_unit=index.target_unit,
        split_by=index.split_by,
        seed=config.seed,
        wanted_held_out_share=config.held_out_share,
        held_out_share=round(split.held_out_share, 6),
        leaking_share=round(split.leaking_share, 6),
        split=split,
        available={
            sequence.value: {side: len(index.of_split(side, (sequence,))) for side in (TRAIN, HELD_OUT)}
            for sequence in Sequence
            if sequence not in OPTIONAL_SEQUENCES
            or any(sequence in fact.sequences for fact in facts.values())
        },
        diagnoses=_diagnoses(index),
        grids=_sorted(grids),
        resampled=_sorted(Counter(role for fact in facts.values() for role in fact.resampled)),
        mask_sources=_sorted(Counter(fact.mask_source for fact in facts.values())),
        adc_units=_sorted(Counter(fact.adc_unit for fact in facts.values() if fact.adc_unit)),
        register=config.register,
        displacements_mm=_displacements(facts.values()),
        moved=_sorted(Counter(role for fact in facts.values() for role in fact.moved)),
        highest_negative_share=round(max(fact.cbv_negative_share for fact in facts.values()), 6),
        warnings=(*_warnings(config, split, grids), *_placing_warnings(facts)),
    )


def write_report(out: Path, report: StudyReport) -> None:
    """Write report.json and report.md, atomically."""
    write_json(out / "report.json", {"format": REPORT_FORMAT, **asdict(report)})
    write_text(out / "report.md", report_markdown(report))


def report_markdown(report: StudyReport) -> str:
    """The report as a page of Markdown."""
    split = report.split
    total = split.train_examinations + split.held_out_examinations
    lines = [
        "# Preprocessed study",
        "",
        f"{total} examinations, CBV in {report.target_unit}; split by {report.split_by}, seed {report.seed}.",
        "",
        *(f"**Warning:** {warning}\n" for warning in report.warnings),
        "| | train | held out |",
        "|---|---|---|",
        f"| examinations | {split.train_examinations} | {split.held_out_examinations} |",
        f"| patients | {split.train_patients} | {split.held_out_patients} |",
        *(
            f"| with {sequence.label} | {counts[TRAIN]} | {counts[HELD_OUT]} |"
            for sequence in Sequence
            if sequence.value in report.available
            for counts in (report.available[sequence.value],)
        ),
        *(
            f"| {diagnosis} | {counts[TRAIN]} | {counts[HELD_OUT]} |"
            for diagnosis, counts in report.diagnoses.items()
        ),
        "",
        *_remarks(report),
        "",
    ]
    return "\n".join(lines)


def _remarks(report: StudyReport) -> tuple[str, ...]:
    split, stored = report.split, _counts(report.adc_units) or "no examination has one"
    realised = f"{report.held_out_share:.1%} of the examinations, wanted {report.wanted_held_out_share:.0%}"
    leaking = f"{split.leaking_examinations} ({report.leaking_share:.1%})"
    return (
        f"- Held out: {realised}.",
        f"- Patients on both sides: {split.patients_in_both}.",
        f"- Held-out examinations whose patient also trains: {leaking}.",
        f"- Grids: {_counts(report.grids)}.",
        f"- Registration ({report.register}): {_registration_words(report)}.",
        f"- Images that were resampled: {_counts(report.resampled) or 'none'}.",
        f"- Brain masks: {_counts(report.mask_sources)}.",
        f"- ADC was stored in: {stored}. The arrays are in {AdcUnit.E6_MM2_PER_S}.",
        f"- CBV below 0 became 0: in one brain at most {report.highest_negative_share:.2%} of the voxels.",
        f"- Data fingerprint: `{report.data_fingerprint}`; preprocessing {report.preprocessing_version}.",
    )


def _warnings(config: PreprocessConfig, split: SplitReport, grids: Mapping[str, int]) -> tuple[str, ...]:
    warnings = []
    if split.is_off(config.held_out_share):
        warnings.append(
            f"{split.held_out_share:.1%} of the examinations are held out, wanted were "
            f"{config.held_out_share:.0%}; that is more than {SHARE_TOLERANCE:.0%} off. Choose another seed "
            "before the first model is trained."
        )
    if split.patients_in_both:
        who = "1 patient is" if split.patients_in_both == 1 else f"{split.patients_in_both} patients are"
        where = "" if config.split_by is SplitUnit.EXAMINATION else ", as the manifest prescribes"
        warnings.append(
            f"{who} on both sides{where}: {split.leaking_share:.0%} of the "
            "held-out examinations have a sibling in training. Scores will be too good."
        )
    if len(grids) > 1:
        warnings.append(
            f"The study has {len(grids)} different grids. Instance normalisation sees the field of view: "
            "train and serve on one."
        )
    return tuple(warnings)


def _displacements(facts: Iterable[ArrayFacts]) -> dict[str, dict[str, float]]:
    measured: dict[str, list[float]] = {}
    for fact in facts:
        for role, distance_mm in fact.displacements_mm.items():
            measured.setdefault(role, []).append(distance_mm)
    return {
        role: {"examinations": len(found), "median": round(median(found), 2), "largest": max(found)}
        for role, found in sorted(measured.items())
    }


def _registration_words(report: StudyReport) -> str:
    if not report.displacements_mm:
        return "nothing was measured"
    return "; ".join(
        f"{image_label(role)} in {found['examinations']:g}, median {found['median']:.1f} mm, largest "
        f"{found['largest']:.1f} mm, moved {report.moved.get(role, 0)}"
        for role, found in report.displacements_mm.items()
    )


def _placing_warnings(facts: Mapping[str, ArrayFacts]) -> tuple[str, ...]:
    told = [text for exam_id in sorted(facts) for text in facts[exam_id].placing_warnings]
    more = len(told) - _MOST_PLACING_WARNINGS
    return (
        *told[:_MOST_PLACING_WARNINGS],
        *([f"{more} more images lay apart; each examination.json has its own"] if more > 0 else []),
    )


def _diagnoses(index: ExaminationIndex) -> dict[str, dict[str, int]]:
    names = sorted({examination.diagnosis or _NO_DIAGNOSIS for examination in index.examinations})
    counts = Counter(
        (examination.diagnosis or _NO_DIAGNOSIS, examination.split) for examination in index.examinations
    )
    return {name: {side: counts[name, side] for side in (TRAIN, HELD_OUT)} for name in names}


def _grid_words(facts: ArrayFacts) -> str:
    shape = " x ".join(str(size) for size in facts.shape)
    spacing = " x ".join(f"{round(size, 3):g}" for size in facts.spacing_mm)
    return f"{shape} voxels of {spacing} mm"


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())
