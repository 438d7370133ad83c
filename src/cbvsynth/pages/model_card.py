"""The model card: what a model is for, what it was made from, how good it is, and where it ends.

Markdown without a clock, so that the same model and scores give the same card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from cbvsynth.domain.region_errors import RegionError
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.selection.leaderboard import column_values, has_lesion, mean_and_sd
from cbvsynth.domain.selection.records import Verdict
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.pages.tables.formats import DASH, markdown_table, number
from cbvsynth.pages.tables.lesions import (
    LESIONS_HEADER,
    REGIONS_HEADER,
    lesion_rows,
    lesions_note,
    region_rows,
    regions_note,
)
from cbvsynth.pages.tables.uncertainty import UNCERTAINTY_HEADER, uncertainty_note, uncertainty_rows
from cbvsynth.pages.verdict_words import check_line, loosened_text, stability_text
from cbvsynth.records.origins import BY_PHANTOM
from cbvsynth.records.summaries import TrainSummary
from cbvsynth.signature import RESEARCH_NOTE

SIZES_ML = (("below 10 mL", 0.0, 10.0), ("10 to 20 mL", 10.0, 20.0), ("20 mL and more", 20.0, np.inf))
"""Classes of lesion size, the volume of the region in which lesion CBV is measured. Ours: fixed limits, so
that cards of different studies can be held side by side."""

ORIGIN_NOTES = {
    BY_PHANTOM: "**A digital phantom.** No patient is in it; the figures below say how well the platform "
    "works and nothing about patients.",
    "": "**Origin not recorded.** Nothing says whether this model learned from patients or from the digital "
    "phantom: run preprocess and train again before the figures below are used.",
}
"""What the card says first about the data, by who made them; nothing about a study of the user's."""

FEW = 5
"""A class of fewer examinations is marked: its figures are anecdotes."""

_HEADER = (
    "",
    "n",
    "patients",
    "SSIM brain, %",
    "MAE brain",
    "real lesion CBV",
    "lesion bias",
    "lesion error",
)


def model_card(
    summary: TrainSummary,
    scores: Sequence[ExamScore],
    verdict: Verdict,
    regions: Sequence[RegionError] = (),
    uncertainty: Sequence[ExamUncertainty] = (),
) -> str:
    """The card of one trained model.

    Args:
        summary: what train said about it.
        scores: its held-out examinations.
        verdict: of the sweep that it belongs to.
        regions: where it errs; none where its results are of an earlier release.
        uncertainty: how sure it was of each held-out examination; none where it does not say.
    """
    model, unit = ModelId.parse(summary.model), UNIT_WORDS[summary.target_unit]
    sequences = ", ".join(sequence.label for sequence in model.combination.sequences)
    parts = [
        f"# Model card: {summary.model}",
        f"> {RESEARCH_NOTE}",
        "## Intended use",
        f"Makes a map of cerebral blood volume in {unit} from {sequences} of one examination. {_USES}",
        _NOT_FOR,
        "## The model",
        _facts(_model_facts(summary, model, unit)),
        "## The data",
        ORIGIN_NOTES.get(summary.origin.made_by, ""),
        _facts(_data_facts(summary, scores)),
        "## How good it is",
        _figures_note(unit),
        _figures("all", [("all examinations", scores)]),
        "By diagnosis:",
        _figures("diagnosis", by_diagnosis(scores)),
        "By size of the lesion:",
        _figures("size", by_size(scores)),
        f"A class marked (few) has fewer than {FEW} examinations: its figures are anecdotes.",
        *_sides(scores, verdict.settings.lesion_threshold, summary.target_unit),
        *_places(regions, summary.target_unit),
        *_doubt(uncertainty, verdict.settings.lesion_threshold, summary.target_unit),
        *_checks(summary, verdict),
        "## Where it ends",
        _limits(summary, scores, unit),
        "## Made with",
        _facts([(name, str(value)) for name, value in summary.versions.items()]),
        "The settings:",
        _facts([(name, str(value)) for name, value in summary.settings.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_USES = "For research: comparison with measured CBV, reader studies, development of methods."
_NOT_FOR = (
    "Not for diagnosis, treatment or follow-up of a patient. Not a medical device: no regulator has looked "
    "at it. Not for examinations without a brain mask, of children, or of diseases other than those below."
)


def _figures_note(unit: str) -> str:
    return (
        "Held-out examinations, mean ± SD; MAE, bias (synthetic minus real) and error (the bias without its "
        f"sign, for each examination) in {unit}. Patients are apart from those of training unless the run "
        "split by examination."
    )


def by_diagnosis(scores: Iterable[ExamScore]) -> list[tuple[str, list[ExamScore]]]:
    """Scores by diagnosis, sorted; an examination without one is 'not given'."""
    groups: dict[str, list[ExamScore]] = {}
    for score in scores:
        groups.setdefault(score.diagnosis or "not given", []).append(score)
    return sorted(groups.items())


def by_size(scores: Iterable[ExamScore]) -> list[tuple[str, list[ExamScore]]]:
    """Scores with a lesion by the class of its size, all classes, smallest first."""
    chosen = [score for score in scores if has_lesion(score)]
    return [
        (name, [score for score in chosen if low <= score.lesion_volume_ml < high])
        for name, low, high in SIZES_ML
    ]


def _units(model: ModelId) -> str:
    """The inputs that have a unit, as in ``ADC in 1e-6 mm2/s; ``."""
    units = {MriSequence.ADC: "1e-6 mm²/s", MriSequence.ASL: "mL/100 g/min"}
    return "".join(f"{one.label} in {units[one]}; " for one in model.combination.sequences if one in units)


def _figures(name: str, groups: Iterable[tuple[str, Sequence[ExamScore]]]) -> str:
    rows = [_figure_row(group, scores) for group, scores in groups]
    return markdown_table((name, *_HEADER[1:]), rows)


def _figure_row(name: str, scores: Sequence[ExamScore]) -> list[str]:
    marked = f"{name} (few)" if 0 < len(scores) < FEW else name
    real = np.asarray([score.lesion_cbv_real for score in scores if has_lesion(score)])
    return [
        marked,
        str(len(scores)),
        str(len({score.subject_id for score in scores})),
        _mean_sd(100 * column_values(scores, "ssim_3d_brain"), 1),
        _mean_sd(column_values(scores, "mae_brain"), 2),
        _mean_sd(real, 2),
        _mean_sd(column_values(scores, "lesion_bias"), 2, signed=True),
        _mean_sd(column_values(scores, "lesion_error"), 2),
    ]


def _mean_sd(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], digits: int, *, signed: bool = False
) -> str:
    mean, sd = mean_and_sd(values)
    text = number(mean, digits, signed=signed)
    return text if text == DASH or np.isnan(sd) else f"{text} ± {sd:.{digits}f}"


def _model_facts(summary: TrainSummary, model: ModelId, unit: str) -> list[tuple[str, str]]:
    return [
        ("Algorithm", model.algorithm.label),
        ("Reads", ", ".join(sequence.label for sequence in model.combination.sequences)),
        (
            "Inputs",
            f"raw intensities, 0 outside the brain; {_units(model)}normalised inside the model",
        ),
        (
            "Output",
            f"CBV in {unit}, 0 outside the brain; the network's scale ends at {summary.data_range:g}",
        ),
        ("Parameters", f"{summary.parameters}"),
        ("Trained", f"{summary.epochs} epochs, {summary.steps} steps, seed {summary.seed_used}"),
        ("SavedModel", f"digest {summary.saved_model_digest}"),
        ("Method", "Wang, Pan et al., Radiology 2023;308(2):e222471, implemented anew"),
    ]


def _data_facts(summary: TrainSummary, scores: Sequence[ExamScore]) -> list[tuple[str, str]]:
    patients = len({score.subject_id for score in scores})
    volumes = [score.lesion_volume_ml for score in scores if has_lesion(score)]
    span = f"{min(volumes):.1f} to {max(volumes):.1f} mL" if volumes else "no lesion is segmented"
    return [
        ("Origin", summary.origin.words),
        ("Training", f"{summary.train_examinations} examinations"),
        ("Held out", f"{len(scores)} examinations of {patients} patients"),
        ("Lesions held out", span),
        ("Version of the data", summary.data_fingerprint),
        ("Version of preprocessing", summary.preprocessing_version),
        ("Unit of the target", summary.target_unit),
    ]


def _sides(scores: Sequence[ExamScore], threshold: float, target_unit: str) -> list[str]:
    rows = lesion_rows(scores, threshold)
    if not rows:
        return []
    note = lesions_note(threshold, target_unit)
    return ["## On which side of the threshold", markdown_table(LESIONS_HEADER, rows), note]


def _places(regions: Sequence[RegionError], target_unit: str) -> list[str]:
    if not regions:
        return []
    table = markdown_table(REGIONS_HEADER, region_rows(regions), left=2)
    return ["## Where it errs", table, regions_note(target_unit)]


def _doubt(uncertainty: Sequence[ExamUncertainty], threshold: float, target_unit: str) -> list[str]:
    if not uncertainty:
        return []
    table = markdown_table(UNCERTAINTY_HEADER, uncertainty_rows(uncertainty, threshold))
    return ["## How sure it is", table, uncertainty_note(threshold, target_unit)]


def _checks(summary: TrainSummary, verdict: Verdict) -> list[str]:
    """What the gate asked of this model; of one that won for other sequences, that it passed."""
    loosened = f"**{loosened_text(verdict)}**" if verdict.loosened else ""
    candidate = verdict.candidate
    if candidate is None or candidate.model != summary.model:
        failed = verdict.failed_guards.get(summary.model, ())
        said = f"Failed: {', '.join(failed)}." if failed else "It failed no guard."
        return ["## What the gate asked", said, loosened]
    lines = "\n".join(f"- {check_line(check)}" for check in candidate.checks)
    return ["## What the gate asked", verdict.text, loosened, lines, stability_text(verdict)]


_ELSEWHERE = "Another scanner, protocol or population may do worse; score it there first."
_BIAS = (
    "A mean bias near 0 can hide maps that are too high in pale lesions and too low in rich ones; the "
    "Bland-Altman plot of the report shows it."
)
_INFERRED = (
    "CBV is inferred from how tissue looks. A lesion whose blood volume does not show in these sequences is "
    "given a likely value, not its own."
)


def _limits(summary: TrainSummary, scores: Sequence[ExamScore], unit: str) -> str:
    known = ", ".join(name for name, _ in by_diagnosis(scores))
    found = [
        f"Scored on these diagnoses only: {known}. On others nothing is known.",
        f"{len(scores)} examinations of one study. {_ELSEWHERE}",
        _BIAS,
        _INFERRED,
    ]
    if summary.target_unit == "relative":
        found.append("The target is relative CBV: values may not be compared between scanners.")
    else:
        found.append(f"Values above {summary.data_range:g} {unit} lie beyond the scale of training.")
    if scores and min(len(group) for _, group in by_diagnosis(scores)) < FEW:
        found.append(f"At least one diagnosis has fewer than {FEW} held-out examinations.")
    return "\n".join(f"- {line}" for line in found)


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts)
