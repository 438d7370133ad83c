"""Which guard of the gate stops which doctored map: maps made from the real ones of a phantom study.

    python benchmarks/doctored_maps.py [--patients 150] [--mix even] [--seed 2023] [--split_seed 2023]

A doctored map is right in some way and wrong in another: it has the right mean and no lesions, the right
lesions and the wrong scale, the right class of every lesion and nothing else. No model is trained. Every map
is scored and judged like a model's, by the default limits, on the held-out patients of the split that
preprocess would make; the rest teach what a doctored map may know. One row a map: what was asked of it, and
the guards that it failed. A minute and a half of one core.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.baselines import BaselineExample, Baselines, learn_baselines
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.metrics import lesion_region, score_examination
from cbvsynth.domain.options import Baseline, Mix, SplitStrata, SplitUnit
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import guard_checks
from cbvsynth.domain.selection.judging import draw_patients
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.domain.splits import HELD_OUT, assign_splits
from cbvsynth.phantom.case import PhantomCase, make_case
from cbvsynth.phantom.plan import diagnosis_of, sessions_of

DATA_RANGE = 25.0
BLUR_MM = 24.0
"""Full width at half maximum of the blur, mm, in all directions: as wide as a small lesion."""

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Drawn:
    """One examination of the phantom study."""

    patient: int
    session: int
    case: PhantomCase

    @property
    def exam_id(self) -> str:
        """Its id, as in sub-007_ses-1."""
        return f"sub-{self.patient:03d}_ses-{self.session}"

    @property
    def subject_id(self) -> str:
        """Its patient's id."""
        return f"sub-{self.patient:03d}"

    @property
    def lesion(self) -> npt.NDArray[np.bool_]:
        """Where lesion CBV is measured."""
        return lesion_region(self.case.lesion, self.case.brain)

    @property
    def lesion_cbv(self) -> float:
        """Mean of the real map over the lesion, mL/100 g."""
        return float(self.case.cbv[self.lesion].mean())

    @property
    def example(self) -> BaselineExample:
        """What the trivial baselines see."""
        return BaselineExample(self.case.images, self.case.cbv, self.case.brain, self.case.lesion)


@dataclass(frozen=True)
class Study:
    """The held-out examinations, and what the training examinations teach about CBV, mL/100 g."""

    held_out: tuple[Drawn, ...]
    baselines: Baselines
    lesion_mean: float
    high_mean: float
    low_mean: float
    t1c_slope: float
    t1c_intercept: float


def draw_study(  # noqa: PLR0913, PLR0917  # each says which study
    patients: int, seed: int, split_seed: int, matrix: int = 64, slices: int = 8, mix: Mix = Mix.USUAL
) -> Study:
    """Draw a phantom study and split it as preprocess does by default."""
    drawn = [
        Drawn(
            patient,
            session,
            make_case(
                seed=seed,
                patient=patient,
                session=session,
                diagnosis=diagnosis_of(patient, mix),
                matrix=matrix,
                slices=slices,
            ),
        )
        for patient in range(1, patients + 1)
        for session in range(1, sessions_of(patient) + 1)
    ]
    listed = [
        Examination(one.exam_id, one.subject_id, str(one.session), {}, diagnosis=str(one.case.diagnosis))
        for one in drawn
    ]
    splits = assign_splits(listed, SplitUnit.PATIENT, 0.3, split_seed, SplitStrata.DIAGNOSIS)
    training = [one for one in drawn if splits[one.exam_id] != HELD_OUT]
    slope, intercept = _fit_t1c(training)
    high = GateSettings().high_perfusion
    return Study(
        held_out=tuple(one for one in drawn if splits[one.exam_id] == HELD_OUT),
        baselines=learn_baselines(one.example for one in training),
        lesion_mean=_mean(one.lesion_cbv for one in training),
        high_mean=_mean(one.lesion_cbv for one in training if one.case.diagnosis in high),
        low_mean=_mean(one.lesion_cbv for one in training if one.case.diagnosis not in high),
        t1c_slope=slope,
        t1c_intercept=intercept,
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _t1c(one: Drawn) -> npt.NDArray[np.floating]:
    image = one.case.images[MriSequence.T1C]
    relative: npt.NDArray[np.floating] = image / image[one.case.brain].mean()
    return relative


def _fit_t1c(training: Sequence[Drawn]) -> tuple[float, float]:
    intensities = np.concatenate([_t1c(one)[one.case.brain] for one in training])
    cbv = np.concatenate([one.case.cbv[one.case.brain] for one in training])
    slope, intercept = np.polyfit(intensities, cbv, 1)
    return float(slope), float(intercept)


def _in_brain(one: Drawn, values: npt.NDArray[np.floating]) -> Map:
    return np.where(one.case.brain, values, 0.0).astype(np.float32)


def _with_lesion(one: Drawn, value: float) -> Map:
    return _in_brain(one, np.where(one.lesion, value, one.case.cbv))


def _another(one: Drawn, study: Study) -> Drawn:
    """The next examination of another patient."""
    place = study.held_out.index(one)
    turned = (*study.held_out[place:], *study.held_out[:place])
    return next(other for other in turned if other.patient != one.patient)


def _of_another_patient(one: Drawn, study: Study) -> Map:
    other = _another(one, study).case
    return _in_brain(one, np.where(other.brain, other.cbv, study.baselines.brain_mean))


def _mirrored(one: Drawn, study: Study) -> Map:
    flipped, there = one.case.cbv[::-1], one.case.brain[::-1]
    return _in_brain(one, np.where(there, flipped, study.baselines.brain_mean))


def _with_another_lesion(one: Drawn, study: Study) -> Map:
    factor = _another(one, study).lesion_cbv / one.lesion_cbv
    return _in_brain(one, np.where(one.lesion, factor * one.case.cbv, one.case.cbv))


def _two_values(one: Drawn, study: Study) -> Map:
    high = one.case.diagnosis in GateSettings().high_perfusion
    return _with_lesion(one, study.high_mean if high else study.low_mean)


def _rescaled_t1c(one: Drawn, study: Study) -> Map:
    return _in_brain(one, np.maximum(study.t1c_slope * _t1c(one) + study.t1c_intercept, 0.0))


def _blurred(one: Drawn) -> Map:
    """Blurred within the brain: what is outside lends nothing."""
    sigma = [BLUR_MM / 2.355 / spacing for spacing in one.case.spacing_mm]
    brain = one.case.brain.astype(np.float64)
    weight = ndimage.gaussian_filter(brain, sigma)
    return _in_brain(one, ndimage.gaussian_filter(one.case.cbv * brain, sigma) / np.maximum(weight, 1e-6))


def _scaled(factor: float) -> Callable[[Drawn, Study], Map]:
    return lambda one, _: _in_brain(one, factor * one.case.cbv)


def _baseline(kind: Baseline) -> Callable[[Drawn, Study], Map]:
    return lambda one, study: study.baselines.predict(kind, one.example)


MAPS: dict[str, Callable[[Drawn, Study], Map]] = {
    "constant": _baseline(Baseline.CONSTANT_MEAN),
    "tissue means": _baseline(Baseline.TISSUE_MEAN_BLIND),
    "tissue means with the segmentation": _baseline(Baseline.TISSUE_MEAN),
    "real, one value for all lesions": lambda one, study: _with_lesion(one, study.lesion_mean),
    "real, one value for high and one for low perfusion": _two_values,
    "real, each lesion flat": lambda one, _: _with_lesion(one, one.lesion_cbv),
    "real, lesions permuted": _with_another_lesion,
    "another patient's map": _of_another_patient,
    "real, mirrored": _mirrored,
    "real, blurred": lambda one, _: _blurred(one),
    "T1C rescaled": _rescaled_t1c,
    "real x 0.85": _scaled(0.85),
    "real x 1.15": _scaled(1.15),
    "real x 0.98": _scaled(0.98),
    "real x 1.02": _scaled(1.02),
    "real": _scaled(1.0),
}
"""Each doctored map by name; the last three must pass."""


@dataclass(frozen=True)
class Row:
    """One map: its mean SSIM over the whole volume, and the guards that it failed."""

    name: str
    ssim: float
    failed: tuple[str, ...]
    unanswered: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """Whether the gate lets it through."""
        return not self.failed


def scores_of(study: Study, make: Callable[[Drawn, Study], Map], name: str) -> tuple[ExamScore, ...]:
    """The scores of one doctored map on the held-out examinations."""
    return tuple(
        score_examination(
            one.case.cbv.astype(np.float32),
            make(one, study),
            one.case.brain,
            one.case.lesion,
            voxel_ml=float(np.prod(one.case.spacing_mm)) / 1000.0,
            data_range=DATA_RANGE,
            model=name,
            exam_id=one.exam_id,
            subject_id=one.subject_id,
            diagnosis=str(one.case.diagnosis),
            target_unit="mL/100g",
        )
        for one in study.held_out
    )


def judge_maps(study: Study, settings: GateSettings) -> tuple[Row, ...]:
    """Judge every doctored map by the guards of the gate."""
    required = {
        name: scores_of(study, _baseline(Baseline(name)), name) for name in settings.required_baselines
    }
    rows = []
    for name, make in MAPS.items():
        scores = scores_of(study, make, name)
        judged = guard_checks(scores, required, draw_patients(scores, settings), settings, "mL/100g")
        rows.append(
            Row(
                name,
                float(np.mean([score.ssim_3d_whole for score in scores])),
                tuple(one.check.name for one in judged if one.check.passed is False),
                tuple(one.check.name for one in judged if one.check.passed is None),
            )
        )
    return tuple(rows)


def table_lines(rows: Iterable[Row]) -> list[str]:
    """The table as Markdown, one line a map."""
    lines = ["| map | SSIM, % | gate | guards that stop it |", "|---|---|---|---|"]
    for row in rows:
        guards = ", ".join(f"`{name}`" for name in row.failed) or "none"
        lines.append(f"| {row.name} | {100 * row.ssim:.1f} | {'pass' if row.passes else 'fail'} | {guards} |")
    return lines


def main(
    patients: int = 150, mix: Mix = Mix.EVEN, seed: int = 2023, split_seed: int = 2023, out: Path = Path()
) -> None:
    """Draw a phantom study, doctor its maps, and print which guards stop which.

    Args:
        patients: of the study, as in the demo; three in ten are held out.
        mix: how often each diagnosis comes.
        seed: of the study.
        split_seed: of the split.
        out: file for the table; a folder, as by default, writes none.
    """
    study = draw_study(patients, seed, split_seed, mix=mix)
    held_out = len({one.patient for one in study.held_out})
    print(f"{len(study.held_out)} held-out examinations of {held_out} of {patients} phantom patients\n")
    lines = table_lines(judge_maps(study, GateSettings()))
    print("\n".join(lines))
    if not out.is_dir():
        out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/doctored_maps.py"))
