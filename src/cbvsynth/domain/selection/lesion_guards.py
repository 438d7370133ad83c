"""What a lesion's value is worth: bias, slope, concordance, texture, discrimination, each with its interval.

SSIM hardly sees a lesion, and a mean bias near 0 is had by a map that paints every lesion alike. Each guard
here stands for one use of the map, and is judged by the patient-bootstrap interval and not by the estimate:
what was found must be shown, with an error of at most alpha on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.judging import Bounds, Judged, Resamples, not_assessable
from cbvsynth.domain.selection.leaderboard import has_lesion
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.statistics import patient_bootstrap as boot
from cbvsynth.domain.statistics.equivalence import equivalent_to_zero
from cbvsynth.domain.statistics.paired import mean_by_patient
from cbvsynth.domain.statistics.samples import Float64Array
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError

WITHOUT_LESIONS = "not assessable: no held-out examination has a lesion segmentation"
WITHOUT_COLUMN = "not assessable: the table of scores is of an earlier release; train the model again"
NO_WIDTH = " (no width: both tell all patients apart, and so in every draw of them; others may differ)"
FEW_LESIONS = 2
"""Patients with a lesion below which nothing can be drawn again."""


@dataclass(frozen=True, eq=False)
class Lesions:
    """The examinations with a lesion: (n,) float64 each, and the rows of the resamples that are theirs."""

    scores: tuple[ExamScore, ...]
    real: Float64Array
    synthetic: Float64Array
    resamples: Resamples

    @property
    def patients(self) -> list[str]:
        """The patient of each examination."""
        return [score.subject_id for score in self.scores]


def lesions_of(scores: Sequence[ExamScore], resamples: Resamples) -> Lesions:
    """Choose the examinations with a lesion."""
    there = np.asarray([has_lesion(score) for score in scores], dtype=np.bool_)
    chosen = tuple(score for score, lesion in zip(scores, there, strict=True) if lesion)
    return Lesions(
        scores=chosen,
        real=np.asarray([score.lesion_cbv_real for score in chosen], dtype=np.float64),
        synthetic=np.asarray([score.lesion_cbv_synthetic for score in chosen], dtype=np.float64),
        resamples=resamples.of(there),
    )


def lesion_checks(
    scores: Sequence[ExamScore], resamples: Resamples, settings: GateSettings, unit: str
) -> tuple[Judged, ...]:
    """Every guard on the lesions of one model.

    Args:
        scores: of the model, in the order of the resamples.
        resamples: of the held-out patients.
        settings: the limits.
        unit: of the scores, as it is printed.
    """
    lesions = lesions_of(scores, resamples)
    names = ("lesion-bias", "lesion-slope", "lesion-concordance", "lesion-texture")
    if len(set(lesions.patients)) < FEW_LESIONS:
        reason = WITHOUT_LESIONS if not lesions.scores else "not assessable: one patient has a lesion"
        return tuple(
            not_assessable(name, reason) for name in (*names, *(name for name, _ in _DISCRIMINATION))
        )
    return (
        _bias(lesions, settings, unit),
        *_bias_by_diagnosis(lesions, settings, unit),
        *_agreement(lesions, settings),
        _texture(lesions, settings),
        *(_discrimination(name, column, lesions, settings) for name, column in _DISCRIMINATION),
    )


def _bias(lesions: Lesions, settings: GateSettings, unit: str) -> Judged:
    limit = settings.max_lesion_bias
    judged = lesions.resamples.judge(
        "lesion-bias", boot.bias, lesions.real, lesions.synthetic, Bounds(-limit, limit, limit)
    )
    return judged.saying(
        f"mean lesion CBV, synthetic minus real, {judged.words('+.2f')} {unit} over "
        f"{counted(len(lesions.scores), 'examination')}; the interval must lie within ±{limit:g} {unit}"
        f"{_t_tests(lesions, limit)}"
    )


def _t_tests(lesions: Lesions, limit: float) -> str:
    """The textbook's test beside the bootstrap's, for whoever asks; it decides nothing."""
    try:
        test = equivalent_to_zero(mean_by_patient(lesions.synthetic - lesions.real, lesions.patients), limit)
    except DataError:
        return ""
    return f" (two one-sided t tests of the patients' means: p = {test.p_value:.3g})"


def _bias_by_diagnosis(lesions: Lesions, settings: GateSettings, unit: str) -> list[Judged]:
    limit, least = settings.max_diagnosis_bias, settings.min_diagnosis_patients
    found = []
    for diagnosis in sorted({score.diagnosis for score in lesions.scores} - {""}):
        name = f"lesion-bias-in-{diagnosis.replace(' ', '-')}"
        chosen = np.asarray([score.diagnosis == diagnosis for score in lesions.scores], dtype=np.bool_)
        real, synthetic = lesions.real[chosen], lesions.synthetic[chosen]
        count = len({score.subject_id for score in lesions.scores if score.diagnosis == diagnosis})
        over = f"{counted(int(chosen.sum()), 'examination')} of {counted(count, 'patient')} with {diagnosis}"
        if count < least:
            found.append(
                not_assessable(
                    name,
                    f"warning: too few, {over}, mean difference {(synthetic - real).mean():+.2f} {unit}; at "
                    f"least {least} patients are needed to judge",
                    limit,
                )
            )
            continue
        judged = lesions.resamples.of(chosen).judge(
            name, boot.bias, real, synthetic, Bounds(-limit, limit, limit, by_interval=False)
        )
        found.append(
            judged.saying(
                f"mean lesion CBV, synthetic minus real, {judged.words('+.2f')} {unit} over {over}; must lie "
                f"within ±{limit:g} {unit}"
            )
        )
    return found


def _agreement(lesions: Lesions, settings: GateSettings) -> list[Judged]:
    if np.ptp(lesions.real) == 0:
        same = "not assessable: the measured lesion CBV is the same in every examination"
        return [not_assessable(name, same) for name in ("lesion-slope", "lesion-concordance")]
    least, agreeing = settings.min_lesion_slope, settings.min_lesion_concordance
    most = 2 - least
    slope = lesions.resamples.judge(
        "lesion-slope", boot.slope, lesions.real, lesions.synthetic, Bounds(least, most, least)
    )
    concordance = lesions.resamples.judge(
        "lesion-concordance", boot.concordance, lesions.real, lesions.synthetic, Bounds(agreeing, 1, agreeing)
    )
    return [
        slope.saying(
            f"slope of synthetic on real lesion CBV {slope.words('.2f')}; the interval must lie between "
            f"{least:g} and {most:g} (1 is a map that follows the truth, 0 one that paints all lesions alike)"
        ),
        concordance.saying(
            f"Lin's concordance of synthetic and real lesion CBV {concordance.words('.2f')}; the interval "
            f"must lie above {agreeing:g}"
        ),
    ]


def _texture(lesions: Lesions, settings: GateSettings) -> Judged:
    name, least = "lesion-texture", settings.min_lesion_texture
    values = np.asarray([score.ncc_lesion for score in lesions.scores], dtype=np.float64)
    if np.isnan(values).all():
        return not_assessable(name, WITHOUT_COLUMN, least)
    judged = lesions.resamples.judge(name, boot.mean_of_measured, values, values, Bounds(least, 1, least))
    return judged.saying(
        f"correlation with the real map over the voxels of a lesion, mean {judged.words('.2f')}; the "
        f"interval must lie above {least:g} (0 is a map of flat lesions, without a hot spot)"
    )


_DISCRIMINATION: tuple[tuple[str, str], ...] = (
    ("discrimination", "lesion_cbv"),
    ("hot-spot-discrimination", "lesion_hot_spot"),
)


def _discrimination(name: str, column: str, lesions: Lesions, settings: GateSettings) -> Judged:
    limit, least = settings.max_auc_loss, settings.min_diagnosis_patients
    asked = {*settings.high_perfusion, *settings.low_perfusion}
    chosen = np.asarray([score.diagnosis in asked for score in lesions.scores], dtype=np.bool_)
    scores = [score for score, one in zip(lesions.scores, chosen, strict=True) if one]
    events = np.asarray([score.diagnosis in settings.high_perfusion for score in scores], dtype=np.bool_)
    patients = [
        len(
            {score.subject_id for score, event in zip(scores, events, strict=True) if event is np.bool_(kind)}
        )
        for kind in (True, False)
    ]
    if min(patients, default=0) < least:
        return not_assessable(
            name,
            f"warning: {counted(patients[0], 'patient')} with {_listed(settings.high_perfusion)} and "
            f"{patients[1]} with {_listed(settings.low_perfusion)}; at least {least} of each are needed to "
            "judge. Set high_perfusion and low_perfusion to this study's diagnoses",
            limit,
        )
    real, synthetic = (
        np.asarray([getattr(score, f"{column}_{kind}") for score in scores], dtype=np.float64)
        for kind in ("real", "synthetic")
    )
    if np.isnan(real).all():
        return not_assessable(name, WITHOUT_COLUMN, limit)

    def area(weights: Float64Array, values: Float64Array) -> Float64Array:
        return boot.area_under_roc(weights, events, values)

    def loss(weights: Float64Array, first: Float64Array, second: Float64Array) -> Float64Array:
        return area(weights, second) - area(weights, first)

    once = np.ones((1, real.size))
    by_synthetic, by_real = (float(area(once, values)[0]) for values in (synthetic, real))
    judged = lesions.resamples.of(chosen).judge(name, loss, real, synthetic, Bounds(-limit, 1, -limit))
    return judged.saying(
        f"area under the ROC curve for {_listed(settings.high_perfusion)} against "
        f"{_listed(settings.low_perfusion)}: {by_synthetic:.2f} by the synthetic, {by_real:.2f} by the real "
        f"{'hot spot (95th percentile)' if 'hot' in name else 'lesion CBV'}, difference "
        f"{judged.words('+.2f')}; the interval must lie above {-limit:g}"
        f"{NO_WIDTH if by_synthetic == by_real == 1 else ''}"
    )


def _listed(diagnoses: Sequence[str]) -> str:
    return ", ".join(diagnoses) or "(none named)"


def brain_scale(scores: Sequence[ExamScore], resamples: Resamples, settings: GateSettings) -> Judged:
    """Whether the map's mL/100 g are the real map's: median CBV of the brain, synthetic over real.

    The median, because what minimises an absolute error shows vessels too pale: on the phantom the mean of
    eight encoder-decoders was 5 to 13 % too low and their median 0 to 5 %.
    """
    name, limit = "brain-scale", settings.max_scale_error
    real, synthetic = (
        np.asarray([getattr(score, f"brain_cbv_{kind}") for score in scores], dtype=np.float64)
        for kind in ("real", "synthetic")
    )
    if np.isnan(real).all():
        return not_assessable(name, WITHOUT_COLUMN, limit)
    judged = resamples.judge(name, boot.ratio, real, synthetic, Bounds(1 - limit, 1 + limit, limit))
    return judged.saying(
        f"median CBV of the brain, synthetic over real, {judged.words('.3f')}; the interval must lie "
        f"between {1 - limit:g} and {1 + limit:g}"
    )
