"""Score tables made of a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np

from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.selection.records import Evidence, PresentChampion, ScoredModel
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId

EVIDENCE = Evidence(per_exam={}, baselines="")


def score(model: str, exam: int, ssim: float, *, lesion: float | None = 0.0, patient: int | None = None):
    """`lesion` is synthetic minus real lesion CBV, None without a lesion. Real CBV is 5 everywhere."""
    return ExamScore(
        model=model,
        exam_id=f"e{exam:03d}",
        subject_id=f"p{exam if patient is None else patient:03d}",
        diagnosis="lymphoma",
        target_unit="mL/100g",
        data_range=25.0,
        ssim_3d_whole=ssim,
        ssim_3d_brain=ssim - 0.1,
        ssim_2d_whole=ssim - 0.02,
        ssim_2d_brain=ssim - 0.12,
        mae_whole=1 - ssim,
        mae_brain=2 - ssim,
        mae_lesion=nan if lesion is None else abs(lesion) + 0.1,
        psnr_whole=30 * ssim,
        psnr_brain=25 * ssim,
        ncc_brain=ssim,
        lesion_cbv_real=nan if lesion is None else 5.0,
        lesion_cbv_synthetic=nan if lesion is None else 5.0 + lesion,
        lesion_volume_ml=nan if lesion is None else 12.0,
        lesion_hot_spot_real=nan if lesion is None else 8.0,
        lesion_hot_spot_synthetic=nan if lesion is None else 8.0 + lesion,
        ncc_lesion=nan if lesion is None else 0.6,
        brain_cbv_real=3.0,
        brain_cbv_synthetic=3.0,
    )


def table(
    model: str,
    ssims: Sequence[float],
    *,
    lesions: Sequence[float | None] | float | None = 0.0,
    patients: Sequence[int] | None = None,
) -> tuple[ExamScore, ...]:
    given = lesions if isinstance(lesions, Sequence) else [lesions] * len(ssims)
    people = patients or range(len(ssims))
    return tuple(
        score(model, exam, ssim, lesion=lesion, patient=patient)
        for exam, (ssim, lesion, patient) in enumerate(zip(ssims, given, people, strict=True))
    )


def scored(model: str, scores: Sequence[ExamScore], **changes: object) -> ScoredModel:
    base = ScoredModel(
        model=ModelId.parse(model),
        scores=tuple(scores),
        digest=f"digest of {model}",
        target_unit="mL/100g",
        data_range=25.0,
        data_fingerprint="data-1",
        preprocessing_version="1",
        ssim_conventions=SSIM_CONVENTIONS,
    )
    return replace(base, **changes)


def flat(model: str, ssim: float, exams: int = 12, lesion: float | None = 0.0) -> ScoredModel:
    """A model with the same score everywhere."""
    return scored(model, table(model, [ssim] * exams, lesions=lesion))


def steady(model: str, ssim: float, exams: int = 12, lesion: float | None = 0.0) -> ScoredModel:
    """As `flat`, with a spread of 1e-9 that is the model's own: exact tests of tied differences are slow."""
    rng = np.random.default_rng(sum(map(ord, model)))
    return scored(model, table(model, (ssim + rng.uniform(-1e-9, 1e-9, exams)).tolist(), lesions=lesion))


def constant_mean(ssim: float = 0.5, exams: int = 12, lesion: float | None = 2.0) -> Mapping:
    """All required trivial maps, alike in everything but their names."""
    return {name: table(name, [ssim] * exams, lesions=lesion) for name in GateSettings().required_baselines}


def champion(model: str, ssims: Sequence[float], **changes: object) -> PresentChampion:
    base = PresentChampion(
        version=3, model=model, digest="old digest", data_fingerprint="data-1", scores=table(model, ssims)
    )
    return replace(base, **changes)
