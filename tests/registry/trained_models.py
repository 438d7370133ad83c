"""Trained models as promote finds them, made of plain files: no TensorFlow is needed to promote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.selection.records import (
    ChampionComparison,
    Evidence,
    Outcome,
    Stability,
    Standing,
    Verdict,
)
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId, all_combinations
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.origins import BY_USER, Origin
from cbvsynth.records.results import write_scores
from cbvsynth.records.storage import sha256_of, sha256_tree, tree_digest, write_text
from cbvsynth.records.summaries import TrainSummary, read_summary, write_summary
from cbvsynth.records.verdicts import write_verdict

DATA = "data-1"


def program_of(model: str) -> bytes:
    """A SavedModel's program without an operation; the model's name stands in a field that nobody reads."""
    text = f"graph of {model}".encode()
    return b"\x12\x00" + b"\x7a" + bytes([len(text)]) + text


def train(model: str, ssim: float, weights: bytes = b"weights") -> str:
    """Write what train writes for a model; return its digest."""
    folder = Path("artifacts/train") / model
    (folder / "saved_model/variables").mkdir(parents=True, exist_ok=True)
    (folder / "saved_model/saved_model.pb").write_bytes(program_of(model))
    (folder / "saved_model/variables/variables.data-00000-of-00001").write_bytes(model.encode() + weights)
    write_scores(folder / "per_exam.csv", [score(model, number, ssim) for number in range(12)])
    write_text(folder / "history.csv", "epoch,loss\n1,0.5\n")
    digests = sha256_tree(folder / "saved_model")
    identity = ModelId.parse(model)
    write_summary(
        folder / "summary.json",
        TrainSummary(
            model=model,
            algorithm=identity.algorithm.value,
            sequences=tuple(identity.combination.sequences),
            target_unit="mL/100g",
            data_range=25.0,
            ssim_conventions=SSIM_CONVENTIONS,
            preprocessing_version=PREPROCESSING_VERSION,
            data_fingerprint=DATA,
            settings={"epochs": 8, "learning_rate": 0.001, "decoder": "deconvolution"},
            seed_used=1,
            restarts=0,
            epochs=8,
            steps=96,
            parameters=1000,
            train_examinations=12,
            held_out_examinations=12,
            means={"ssim_3d_whole": ssim, "mae_lesion": None},
            sds={"ssim_3d_whole": 0.01, "mae_lesion": None},
            versions={"cbvsynth": "0.1.0"},
            saved_model_sha256=digests,
            saved_model_digest=tree_digest(digests),
            origin=Origin(BY_USER),
        ),
    )
    return tree_digest(digests)


def score(model: str, number: int, ssim: float) -> ExamScore:
    return ExamScore(
        model=model,
        exam_id=f"sub-{number:03d}_ses-1",
        subject_id=f"sub-{number:03d}",
        diagnosis="high-grade glioma",
        target_unit="mL/100g",
        data_range=25.0,
        ssim_3d_whole=ssim,
        ssim_3d_brain=ssim - 0.1,
        ssim_2d_whole=ssim,
        ssim_2d_brain=ssim - 0.1,
        mae_whole=0.2,
        mae_brain=0.5,
        mae_lesion=1.0,
        psnr_whole=30.0,
        psnr_brain=25.0,
        ncc_brain=0.9,
        lesion_cbv_real=5.0,
        lesion_cbv_synthetic=4.8,
        lesion_volume_ml=20.0,
    )


def decide(
    candidate: str,
    outcome: Outcome = Outcome.PROMOTE,
    champion: tuple[int, str, str] | None = None,
    by_availability: Mapping[str, str] | None = None,
) -> Verdict:
    """Write and return a verdict on all trained models; `champion` is (version, model, digest)."""
    root = Path("artifacts/train")
    models = sorted(folder.name for folder in root.iterdir() if not folder.name.startswith("."))
    if by_availability is None:
        usable = ModelId.parse(candidate).combination
        by_availability = {
            pattern.slug: candidate for pattern in all_combinations() if usable.usable_with(pattern.sequences)
        }
    verdict = Verdict(
        outcome=outcome,
        text=f"{candidate}: {outcome}",
        candidate=Standing(
            rank=1,
            model=candidate,
            digest=read_summary(root / candidate / "summary.json").saved_model_digest,
            examinations=12,
            patients=12,
            select_by_mean=0.9,
            select_by_sd=0.01,
            lesion_examinations=12,
            lesion_bias=-0.2,
            lesion_error=0.2,
            checks=(),
        ),
        refused=(),
        champion=None
        if champion is None
        else ChampionComparison(
            version=champion[0],
            model=champion[1],
            digest=champion[2],
            data_fingerprint=DATA,
            examinations=12,
            patients=12,
            mean_difference=0.01,
            confidence_low=0.005,
            confidence_high=0.015,
            p_value=0.001,
            checks=(),
        ),
        champions_by_availability=dict(by_availability),
        leaders=(),
        baselines={},
        models=len(models),
        examinations=12,
        patients=12,
        optimism=0.0,
        stability=Stability(draws=100, same_winner=1.0, no_winner=0.0, rivals={}),
        failed_guards={},
        loosened=(),
        target_unit="mL/100g",
        data_range=25.0,
        data_fingerprint=DATA,
        preprocessing_version=PREPROCESSING_VERSION,
        ssim_conventions=SSIM_CONVENTIONS,
        settings=GateSettings(),
        evidence=Evidence(
            per_exam={model: sha256_of(root / model / "per_exam.csv") for model in models}, baselines=""
        ),
    )
    write_verdict(Path("artifacts/evaluate/verdict.json"), verdict)
    return verdict
