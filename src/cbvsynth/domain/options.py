"""The choices that a step's interface offers, each a closed list of words."""

from __future__ import annotations

from enum import StrEnum


class Layout(StrEnum):
    """How a study's files are arranged and named; ``auto`` looks and says what it recognised."""

    AUTO = "auto"
    BIDS = "bids"
    UPENN_GBM = "upenn-gbm"
    UCSD_PTGBM = "ucsd-ptgbm"
    BRAIN_TUMOR_PROGRESSION = "brain-tumor-progression"
    UCSF_PDGM = "ucsf-pdgm"
    BRATS = "brats"
    NNUNET = "nnunet"
    MU_GLIOMA_POST = "mu-glioma-post"
    RHUH_GBM = "rhuh-gbm"
    LUMIERE = "lumiere"
    MOTUM = "motum"
    AUTHORS = "authors"
    DICOM = "dicom"


class Register(StrEnum):
    """What happens to images of one examination that may not lie where they belong.

    ``rigid`` moves raw ones into place, ``check`` measures how far off they are, ``off`` does neither.
    """

    OFF = "off"
    CHECK = "check"
    RIGID = "rigid"


class BrainMask(StrEnum):
    """Which brain mask counts: the file, what skull-stripped images show, or one found in a head.

    ``auto`` takes the first of these that there is.
    """

    AUTO = "auto"
    GIVEN = "given"
    DERIVED = "derived"
    EXTRACTED = "extracted"


class Uncertainty(StrEnum):
    """Whether a model is asked how sure it is of each voxel; ``auto`` asks those that can say it."""

    OFF = "off"
    ON = "on"
    AUTO = "auto"


class Mix(StrEnum):
    """How often the phantom has each diagnosis: as usual, or more evenly, with fewer of the easy ones."""

    USUAL = "usual"
    EVEN = "even"


class Contrast(StrEnum):
    """How alike the lesions of one diagnosis of the phantom are: usual, or varied in CBV and enhancement."""

    USUAL = "usual"
    VARIED = "varied"


class SplitUnit(StrEnum):
    """What is drawn into the held-out part: whole patients, or (as the paper) single examinations."""

    PATIENT = "patient"
    EXAMINATION = "examination"


class SplitStrata(StrEnum):
    """Within which groups the held-out share is drawn: in each diagnosis, or in the study as a whole."""

    DIAGNOSIS = "diagnosis"
    NONE = "none"


class UpdateRule(StrEnum):
    """Whether generator and discriminator share one forward pass or take turns (authors' code)."""

    SHARED = "shared"
    ALTERNATING = "alternating"


class Decoder(StrEnum):
    """How the generator returns to full resolution: the paper's deconvolution, or resize and convolve."""

    DECONVOLUTION = "deconvolution"
    UPSAMPLE = "upsample"


class EndKernel(StrEnum):
    """In-plane size of the first and last convolution: the paper's text has 3, the authors' code 7."""

    TEXT = "3x3"
    AUTHORS = "7x7"


class SkipConnections(StrEnum):
    """Whether encoder features are handed to the decoder (authors' code) or not (paper's text)."""

    NONE = "none"
    UNET = "unet"


class OutputActivation(StrEnum):
    """What follows the generator's last convolution."""

    LINEAR = "linear"
    RELU = "relu"
    SOFTPLUS = "softplus"


class Precision(StrEnum):
    """Arithmetic of a training step; weights and losses stay float32."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"


class FlowSolver(StrEnum):
    """How a flow's path is followed: straight ahead, or corrected by the direction at each step's end."""

    EULER = "euler"
    HEUN = "heun"


class Spread(StrEnum):
    """Whether a model also learns how far off its map is likely to be."""

    OFF = "off"
    LEARNED = "learned"


class Switch(StrEnum):
    """On or off, as a word: booleans do not pass a command line and Kubeflow alike."""

    OFF = "off"
    ON = "on"


class Baseline(StrEnum):
    """Trivial maps that a model must beat."""

    CONSTANT_MEAN = "constant-mean"
    TISSUE_MEAN = "tissue-mean"
    TISSUE_MEAN_BLIND = "tissue-mean-blind"


class Entry(StrEnum):
    """How the phantom's images come: aligned and brain-masked where maps are, or as a scanner gives them."""

    ALIGNED = "aligned"
    RAW = "raw"


class FileFormat(StrEnum):
    """How the phantom's images are stored."""

    NIFTI = "nifti"
    DICOM = "dicom"


class Strength(StrEnum):
    """How much of a fault is planted."""

    FULL = "full"
    HALF = "half"
    QUARTER = "quarter"

    @property
    def share(self) -> float:
        """1, 1/2 or 1/4."""
        return {Strength.FULL: 1.0, Strength.HALF: 0.5, Strength.QUARTER: 0.25}[self]


class CovarianceMethod(StrEnum):
    """How variance and covariances of the areas are estimated from the cases."""

    DELONG = "delong"
    JACKKNIFE = "jackknife"

    @property
    def words(self) -> str:
        """For people."""
        return "DeLong's" if self is CovarianceMethod.DELONG else "the jackknife's"
