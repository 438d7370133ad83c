"""A served map beside what was stored when its model was scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.client import CbvClient
from cbvsynth.client.synthesis import Prediction
from cbvsynth.domain.options import Uncertainty
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.ssim import score_ssim
from cbvsynth.errors import ResultError
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.results import read_scores
from cbvsynth.records.selection import ServedVersion
from cbvsynth.records.summaries import read_summary


@dataclass(frozen=True)
class Comparison:
    """The served map of an examination, and its SSIM beside the stored one.

    served_ssim, stored_ssim: in the convention `select_by`; stored is None where the results at hand are
        of another training than the served model.
    """

    exam_id: str
    diagnosis: str
    model: str
    version: int
    select_by: str
    served_ssim: float
    stored_ssim: float | None

    def __str__(self) -> str:
        stored = "not known: the results here are of another training"
        if self.stored_ssim is not None:
            stored = f"{self.stored_ssim:.6f}, difference {abs(self.served_ssim - self.stored_ssim):.1e}"
        return (
            f"examination {self.exam_id}{f', {self.diagnosis}' if self.diagnosis else ''}\n"
            f"  made by   {self.model}, version {self.version}\n"
            f"  {self.select_by} of the served map against the real one: {self.served_ssim:.6f}\n"
            f"  {self.select_by} that was stored when the model was scored: {stored}"
        )


def choose_examination(
    index: ExaminationIndex, scores: tuple[ExamScore, ...], served: ServedVersion
) -> CachedExamination:
    """The held-out examination to show: the one with the largest lesion, among those that were scored.

    Raises:
        ResultError: none of the held-out examinations has the model's sequences.
    """
    held_out = index.of_split("held-out", served.model.combination.sequences)
    lesions = {score.exam_id: score.lesion_volume_ml for score in scores}
    if not held_out:
        raise ResultError(
            f"No held-out examination in {index.root} has {served.model.combination.label}; expected "
            "those that the model was scored on. Run preprocess on the data of the run."
        )
    return max(held_out, key=lambda entry: (np.nan_to_num(lesions.get(entry.exam_id, -1.0)), entry.exam_id))


def predict_cached(
    client: CbvClient,
    index: ExaminationIndex,
    entry: CachedExamination,
    *,
    version: int = 0,
    uncertainty: Uncertainty = Uncertainty.OFF,
) -> Prediction:
    """Ask for the map of an examination whose images preprocess has cached, with all its sequences.

    Args:
        client: asks the server.
        index: what preprocess wrote.
        entry: the examination.
        version: a version to insist on; 0 for the best one.
        uncertainty: whether how sure the model is is asked for as well.
    """
    images = {name.value: np.asarray(index.array(entry.exam_id, name)) for name in entry.sequences}
    return client.predict(
        images,
        mask=_mask(index, entry),
        spacing_mm=entry.spacing_mm,
        version=version,
        uncertainty=uncertainty,
    )


def ssim_by_convention(
    index: ExaminationIndex, entry: CachedExamination, synthetic: npt.NDArray[np.float32], data_range: float
) -> dict[str, float]:
    """SSIM of a map (X, Y, Z) against the real one, by the names of the results' columns."""
    real = np.asarray(index.array(entry.exam_id, "cbv"), np.float32)
    scores = score_ssim(real, synthetic, _mask(index, entry), data_range=data_range)
    return {
        "ssim_3d_whole": scores.cube_whole,
        "ssim_3d_brain": scores.cube_brain,
        "ssim_2d_whole": scores.slice_whole,
        "ssim_2d_brain": scores.slice_brain,
    }


def stored_scores(folder: Path, digest: str) -> dict[str, ExamScore]:
    """Scores, by exam_id, of the very model with this digest; none where it was trained again since.

    Args:
        folder: what train wrote for the model.
        digest: of its SavedModel.
    """
    try:
        if read_summary(folder / "summary.json").saved_model_digest != digest:
            return {}
        return {score.exam_id: score for score in read_scores(folder / "per_exam.csv")}
    except ResultError:
        return {}


def _mask(index: ExaminationIndex, entry: CachedExamination) -> npt.NDArray[np.bool_]:
    return np.asarray(index.array(entry.exam_id, "mask"), np.bool_)
