"""The interface of every step: one frozen dataclass each.

A field is at once a command-line flag, a key of params.yaml, a Kubeflow parameter and an MLflow
param; tests/test_step_contract.py holds them together. Values are str, int, float, Path, lists of
str and words from a closed list; there are no booleans and no None. Hyper-parameters default to the
paper's values; where the paper gives none, the field says so. Every number has a least and a largest
value: what lies beyond fails here in one sentence, not later in whatever library meets it first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from cbvsynth.domain.options import (
    Baseline,
    BrainMask,
    Contrast,
    Decoder,
    EndKernel,
    Entry,
    FileFormat,
    FlowSolver,
    Layout,
    Mix,
    OutputActivation,
    Precision,
    Register,
    SkipConnections,
    SplitStrata,
    SplitUnit,
    Spread,
    Strength,
    Switch,
    UpdateRule,
)
from cbvsynth.domain.ranges import MAX_SEED, MAX_WAIT_S, per_cent_hint, require_range
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import UsageError

MAX_WORKERS = 256
"""Most processes at a time; each has a few hundred MB of its own."""


@dataclass(frozen=True)
class PhantomConfig:
    """Fill an empty data folder with a digital brain-tumour phantom study.

    A folder that already holds something is never written to.
    """

    data: Path = Path("data")
    """Folder to fill; must be missing or empty."""
    receipt: Path = Path("artifacts/data.json")
    """Where to write what was found or made: number of examinations, digest, generator version."""
    patients: int = 40
    """Number of patients; every third one or so has a second examination."""
    matrix: int = 64
    """In-plane matrix size, voxels."""
    slices: int = 8
    """Number of axial slices; SSIM's window needs at least 7."""
    damaged: int = 8
    """Number of additional examinations with a planted fault, one kind after the other."""
    seed: int = 2023
    """Seed of the whole study; the same seed gives the same bytes on every machine."""
    entry: Entry = Entry.ALIGNED
    """aligned: one grid, ADC and CBV brain-masked. raw: as a scanner gives it, with scalp and skull, every
    sequence on thick slices of its own and displaced, nothing masked; wants a matrix of 128 to 256 and some
    22 slices."""
    format: FileFormat = FileFormat.NIFTI
    """nifti: a BIDS tree. dicom: the studies of three makers of scanners; raw entry only."""
    displacement_mm: float = 10.0
    """Farthest that a sequence of the raw entry lies from T1, mm."""
    displacement_degrees: float = 10.0
    """Farthest that a sequence of the raw entry is turned against T1, degrees."""
    strength: Strength = Strength.FULL
    """How strong the planted faults are."""
    t1c_delay_minutes: float = 5.0
    """Time from the injection of contrast agent to T1C, minutes. Another one than the study's that a model
    learned from is how an external site differs: vessels are paler the later, lesions brighter."""
    asl: Switch = Switch.OFF
    """on: each examination also has a map of CBF by arterial spin labelling, the optional sixth sequence;
    aligned entry only."""

    mix: Mix = Mix.USUAL
    """Of ten patients 4 have a high-grade glioma, 2 a low-grade one, 2 a metastasis, 1 radionecrosis and 1 a
    lymphoma (usual), or 3, 1, 2, 2 and 2 (even), so that the rare ones can be learned and judged."""
    contrast: Contrast = Contrast.USUAL
    """varied: lesions of one diagnosis differ more, in CBV and, apart from it, in how they enhance; aligned
    entry only."""

    def __post_init__(self) -> None:
        _require_range(self, 1, 100_000, "patients")
        _require_range(self, 32, 512, "matrix")
        _require_range(self, 7, 128, "slices")
        _require_range(self, 0, 100_000, "damaged")
        _require_range(self, 0, MAX_SEED, "seed")
        _require_range(self, 0, 60, "displacement_mm")
        _require_range(self, 0, 45, "displacement_degrees")
        _require_range(self, 1, 20, "t1c_delay_minutes")
        if self.entry is Entry.RAW:
            _require_range(self, 48, 512, "matrix")
            if self.asl is Switch.ON:
                raise UsageError("The map of arterial spin labelling is drawn of the aligned entry only.")
            if self.contrast is Contrast.VARIED:
                raise UsageError("Lesions are varied in the aligned entry only; leave --contrast out.")
        elif self.format is FileFormat.DICOM:
            raise UsageError("DICOM is written of the raw entry only: add --entry raw.")


@dataclass(frozen=True)
class ValidateConfig:
    """Check every examination and drop the unfit ones, each with its reason."""

    data: Path = Path("data")
    """Data root: a study in one of the known layouts, or with a manifest.csv of its own."""
    layout: Layout = Layout.AUTO
    """Folder layout of the study; a manifest.csv in the data root is preferred when there is one."""
    limits: Path = Path("limits.yaml")
    """Limits of the checks; `cbvsynth limits suggest` proposes a laboratory's own."""
    register: Register = Register.RIGID
    """As for preprocess, which moves raw images into place with 'rigid': their displacement is told, and they
    are measured as moved. One that nobody moves drops the examination; 'off' measures none."""
    brain_mask: BrainMask = BrainMask.AUTO
    """Which brain mask counts, as for preprocess: heads without a mask are measured in the brain that is
    found in them."""
    brain_command: str = "deepbet"
    """What extracts a brain, as for preprocess."""
    brain_timeout_s: float = 900.0
    """Time for one brain, seconds."""
    out: Path = Path("artifacts/validate")
    """Folder for examinations.csv, measurements.csv, the report and the flow chart."""
    prefer: tuple[str, ...] = ("none",)
    """Where several files could be meant, the BIDS entity (acq-mprage), folder of derivatives (hd-bet) or
    kind of DICOM series (3d) to take, the first first, or none; not asked where the study has a manifest."""
    enhancing_label: int = 0
    """Number of enhancing tumour in segmentations that do not say so, 3 or 4 as in BraTS until 2022; 0 leaves
    it open; not asked where the study has a manifest."""
    max_dropped_share: float = 0.25
    """The run fails when a larger share of the examinations is dropped."""
    workers: int = 2
    """Examinations measured at the same time."""

    def __post_init__(self) -> None:
        if self.enhancing_label not in (0, 3, 4):
            raise UsageError(
                f"enhancing_label is {self.enhancing_label}; expected 3, 4, or 0 to leave it open. {_REMEDY}"
            )
        _require_range(self, 0, 1, "max_dropped_share")
        _require_range(self, 1, MAX_WORKERS, "workers")
        _require_range(self, 1, MAX_WAIT_S, "brain_timeout_s")


@dataclass(frozen=True)
class PreprocessConfig:
    """Bring every accepted examination onto one grid, mask it, split the patients, cache arrays."""

    data: Path = Path("data")
    """Data root, as for validate."""
    layout: Layout = Layout.AUTO
    """Folder layout of the study, as for validate."""
    examinations: Path = Path("artifacts/validate/examinations.csv")
    """Decisions of validate; only accepted examinations are read. A manifest.csv beside them says where
    their images are; without one the study is searched again."""
    out: Path = Path("artifacts/preprocess")
    """Folder for the cached arrays and their index.json."""
    register: Register = Register.RIGID
    """What happens to raw images: 'rigid' moves each into place by mutual information, 'check' measures how
    far off it is and refuses what is more than 3 mm off, 'off' believes the headers. Images on one grid
    whose brain is known are left as they are by 'rigid', too."""
    brain_mask: BrainMask = BrainMask.AUTO
    """Which brain mask counts: the 'given' file, what skull-stripped images show ('derived'), or one
    'extracted' from a head with its skull; 'auto' takes the first of these that there is."""
    brain_command: str = "deepbet"
    """What extracts a brain: 'deepbet' of the extra extract, 'robex' of its own, or a command line of yours
    with {image} and {mask} for its files."""
    brain_timeout_s: float = 900.0
    """Time for one brain, seconds."""
    split_by: SplitUnit = SplitUnit.PATIENT
    """Unit of the split; 'examination' replicates the paper and leaks between siblings."""
    split_strata: SplitStrata = SplitStrata.DIAGNOSIS
    """Groups in which the share is drawn: each diagnosis, or none, which asks of no other patient."""
    held_out_share: float = 0.3
    """Share held out to score models; the paper's 7:3."""
    seed: int = 2023
    """Seed of the split."""
    workers: int = 2
    """Examinations processed at the same time."""

    def __post_init__(self) -> None:
        share = self.held_out_share
        _require("held_out_share", share, 0 < share < 1, "a share between 0 and 1, as 0.3")
        _require_range(self, 0, MAX_SEED, "seed")
        _require_range(self, 1, MAX_WORKERS, "workers")
        _require_range(self, 1, MAX_WAIT_S, "brain_timeout_s")


@dataclass(frozen=True)
class TrainConfig:
    """Train one model, export it as a SavedModel and score the held-out examinations with it."""

    model: str
    """Which model, as in encdec-t1-t1c-adc; 62 are the paper's, those of other algorithms are named alike."""
    examinations: Path = Path("artifacts/preprocess")
    """Cached examinations made by preprocess."""
    out: Path = Path("artifacts/train")
    """Results go to a folder of this one that is named after the model."""
    checkpoints: Path = Path("artifacts/checkpoints")
    """Resumable state, a folder per model; may be deleted when a sweep is done."""
    epochs: int = 500
    """Passes over the training examinations (paper: 500), one examination a step."""
    learning_rate: float = 1e-3
    """Adam's learning rate (paper: 1e-3)."""
    cooldown: float = 0.0
    """Share of the training, its last part, in which the learning rate falls to 0 (paper: none, 0)."""
    seed: int = 2023
    """Seed of the weights and of the order of examinations."""
    base_channels: int = 16
    """Channels of the first layer (paper: 16, then 32 and 64)."""
    residual_blocks: int = 6
    """Residual blocks of the generator (paper: 6)."""
    decoder: Decoder = Decoder.DECONVOLUTION
    """How the generator returns to full resolution."""
    end_kernel: EndKernel = EndKernel.TEXT
    """In-plane kernel of the generator's first and last layer."""
    skip_connections: SkipConnections = SkipConnections.NONE
    """Encoder features handed to the decoder."""
    output_activation: OutputActivation = OutputActivation.RELU
    """What follows the last convolution; not in the paper's text (authors' code: relu)."""
    adversarial_weight: float = 0.1
    """Weight of the adversarial loss (fcgan only); not in the paper's text (authors' code: 0.1)."""
    feature_weight: float = 1.0
    """Weight of the feature-consistency loss (fcgan only); not in the paper's text (code: 1)."""
    lesion_weight: float = 1.0
    """What an error in a segmented lesion counts, 1 elsewhere (paper: no weights)."""
    region_weight: float = 0.0
    """Weight of the error of a segmented lesion's mean CBV; 0 leaves it out (paper: no such loss)."""
    stratify: Switch = Switch.OFF
    """Let rare CBV count more: each stratum of the real map as much as any other (paper: no weights)."""
    spread: Spread = Spread.OFF
    """Learn a second map, of how far off the first is likely to be; the first stays as it is (not flow)."""
    update: UpdateRule = UpdateRule.SHARED
    """Whether both networks learn from one forward pass or take turns (fcgan only)."""
    flow_steps: int = 4
    """Steps from noise to map (flow only); another number exports a trained model again."""
    flow_solver: FlowSolver = FlowSolver.EULER
    """How each step is made (flow only): heun asks the network twice in all but the last."""
    cbv_max: float = 25.0
    """CBV that the network sees as 1, and SSIM's dynamic range, in the target's unit."""
    precision: Precision = Precision.FLOAT32
    """Arithmetic of a step."""
    checkpoint_every: int = 10
    """Epochs between checkpoints."""
    max_restarts: int = 2
    """Fresh starts with the next seed when a run collapses to a constant map."""
    example_count: int = 4
    """Held-out examinations whose synthetic maps are stored for pictures."""
    tensorboard: Switch = Switch.OFF
    """Write TensorBoard curves beside the checkpoints."""

    def __post_init__(self) -> None:
        ModelId.parse(self.model)
        rate = self.learning_rate
        _require("learning_rate", rate, 0 < rate <= 1, "above 0, at most 1")
        _require_range(self, 0, 1, "cooldown")
        _require_range(self, 1, 1_000_000, "epochs", "checkpoint_every")
        _require_range(self, 1, 4096, "base_channels")
        _require_range(self, 1, 1000, "residual_blocks")
        _require_range(self, 1, 64, "flow_steps")
        # The least keeps CBV as a share of cbv_max within float32; no tissue comes near the most.
        _require_range(self, 0.001, 1_000_000, "cbv_max")
        _require_range(self, 0, 1_000_000, "adversarial_weight", "feature_weight", "region_weight")
        _require_range(self, 1, 1000, "lesion_weight")
        _require_range(self, 0, 1000, "max_restarts")
        _require_range(self, 0, 100_000, "example_count")
        _require_range(self, 0, MAX_SEED, "seed")


@dataclass(frozen=True)
class EvaluateConfig:
    """Rank the models of a sweep, compare them, and give the verdict."""

    models: tuple[str, ...] = ("all",)
    """The sweep: model ids, globs such as encdec-*, or all."""
    results: Path = Path("artifacts/train")
    """Results of train, a folder per model."""
    examinations: Path = Path("artifacts/preprocess")
    """Cached examinations, for the trivial baselines and the pictures."""
    out: Path = Path("artifacts/evaluate")
    """Folder for leaderboard, Table 2, comparisons, verdict.json and pictures."""
    registered_name: str = "cbvsynth"
    """Registered model whose present champion the candidate must stand up to."""
    select_by: str = GateSettings.select_by
    """Column that ranks the models; the default is the paper's convention."""
    required_baselines: tuple[Baseline, ...] = tuple(Baseline)
    """Trivial maps that the candidate must beat in SSIM and in lesion error."""
    min_examinations: int = GateSettings.min_examinations
    """Fewest held-out examinations that a verdict may rest on."""
    max_lesion_bias: float = GateSettings.max_lesion_bias
    """Mean difference of lesion CBV, either sign, that its interval may reach, target's unit."""
    max_diagnosis_bias: float = GateSettings.max_diagnosis_bias
    """Largest mean difference in the lesions of one diagnosis, target's unit."""
    min_diagnosis_patients: int = GateSettings.min_diagnosis_patients
    """Fewest patients of a diagnosis, and of high and of low perfusion, that such a check may rest on."""
    min_lesion_slope: float = GateSettings.min_lesion_slope
    """Least slope of synthetic on real lesion CBV; the largest is as far above 1. For its interval."""
    min_lesion_concordance: float = GateSettings.min_lesion_concordance
    """Least concordance (Lin) of synthetic and real lesion CBV; its interval must lie above."""
    min_lesion_texture: float = GateSettings.min_lesion_texture
    """Least mean correlation of both maps over a lesion's voxels; its interval must lie above."""
    max_scale_error: float = GateSettings.max_scale_error
    """Share by which the median CBV of the brain may differ from the real one; for its interval."""
    high_perfusion: tuple[str, ...] = GateSettings.high_perfusion
    """Diagnoses of high perfusion, that lesion CBV must tell from those of low perfusion."""
    low_perfusion: tuple[str, ...] = GateSettings.low_perfusion
    """Diagnoses of low perfusion."""
    max_auc_loss: float = GateSettings.max_auc_loss
    """By how much the area under the ROC curve may fall short of the real map's; for its interval."""
    lesion_threshold: float = GateSettings.lesion_threshold
    """Lesion CBV between low and high; reports count lesions on its wrong side. Target's unit."""
    margin: float = GateSettings.margin
    """A challenger's mean SSIM must exceed the champion's by more than this."""
    alpha: float = GateSettings.alpha
    """Significance level of the paired test against the present champion."""
    bootstrap_samples: int = GateSettings.bootstrap_samples
    """Resamples for confidence intervals, drawn by patient."""
    seed: int = GateSettings.seed
    """Seed of the resampling."""

    def __post_init__(self) -> None:
        _require_name("registered_name", self.registered_name)
        self.gate_settings()

    def gate_settings(self) -> GateSettings:
        """The limits of the gate, which also hold these values to what can be."""
        limits = {field.name: getattr(self, field.name) for field in fields(GateSettings)}
        limits["required_baselines"] = tuple(baseline.value for baseline in self.required_baselines)
        return GateSettings(**limits)


@dataclass(frozen=True)
class PromoteConfig:
    """Make the registry obey the verdict."""

    verdict: Path = Path("artifacts/evaluate/verdict.json")
    """Verdict of evaluate."""
    results: Path = Path("artifacts/train")
    """Results of train, a folder per model."""
    registered_name: str = "cbvsynth"
    """Registered model to promote to."""
    out: Path = Path("artifacts/promote")
    """Folder for promotion.json, the record of what was done, and the model cards."""

    def __post_init__(self) -> None:
        _require_name("registered_name", self.registered_name)


STEPS = {
    "validate": ValidateConfig,
    "preprocess": PreprocessConfig,
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "promote": PromoteConfig,
}
"""The five steps in order, by the one word that names each everywhere."""


_REMEDY = "Change the flag or params.yaml."


def _require_range(config: object, low: float, high: float, *names: str) -> None:
    """Hold fields to limits, both included; NaN lies outside every limit."""
    for name in names:
        require_range(name, getattr(config, name), low, high, _REMEDY)


def _require_name(name: str, found: str) -> None:
    """Hold a registered model's name to what is at once a name in MLflow and a folder of a server."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", found):
        raise UsageError(
            f"{name} is '{found}'; expected letters, digits, dots, dashes and underscores, as in cbvsynth. "
            f"{_REMEDY}"
        )


def _require(name: str, found: float, fits: bool, expected: str) -> None:  # noqa: FBT001  a condition
    if not fits:
        raise UsageError(f"{name} is {found}; expected {expected}{per_cent_hint(found, 1)}. {_REMEDY}")
