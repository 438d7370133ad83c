"""What scoring on an external set can be asked for; light, so that a command line starts at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.config import PreprocessConfig, ValidateConfig
from cbvsynth.domain.options import BrainMask, Layout, Register, Switch
from cbvsynth.domain.ranges import MAX_VERSION, require_range
from cbvsynth.errors import UsageError

_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ScoreOptions:
    """Score a registered version on a study from elsewhere, by the limits that it was promoted with."""

    data: Path
    """Data root of the site's study, with real CBV maps; in a known layout, or with a manifest."""
    version: int = 0
    """Version to score."""
    label: str = ""
    """Score the version with this label, as stable or canary, or alias; stable when neither is given."""
    name: str = "cbvsynth"
    """Registered model."""
    site: str = ""
    """What to call the site, on the page and in the registry; the data root's name when not given."""
    reference: Path = Path("artifacts/preprocess")
    """Cached examinations that the version learned from: to know them again, to measure drift against, and to
    learn the trivial maps from. Without them none of the three is done, and the page says so."""
    layout: Layout = Layout.AUTO
    """Folder layout of the study, as for validate."""
    limits: Path = Path("limits.yaml")
    """Limits of the checks, as for validate."""
    prefer: tuple[str, ...] = ("none",)
    """Which of several files to take, as for validate."""
    enhancing_label: int = 0
    """Number of enhancing tumour in segmentations, as for validate."""
    register: Register = Register.RIGID
    """What happens to raw images, as for validate and preprocess."""
    brain_mask: BrainMask = BrainMask.AUTO
    """Which brain mask counts, as for validate and preprocess."""
    brain_command: str = "deepbet"
    """What extracts a brain, as for preprocess."""
    brain_timeout_s: float = 900.0
    """Time for one brain, seconds."""
    max_dropped_share: float = 0.25
    """Fails when validate drops a larger share of the examinations."""
    high_perfusion: tuple[str, ...] = ()
    """The site's diagnoses of high perfusion; as promoted when not given."""
    low_perfusion: tuple[str, ...] = ()
    """The site's diagnoses of low perfusion; as promoted when not given."""
    workers: int = 2
    """Examinations prepared at the same time."""
    entry: Switch = Switch.ON
    """Enter the result in the registry: a run with the page, and a tag of the version."""
    out: Path = Path("artifacts/external")
    """Folder for results; a site has a folder in it, and each of its versions one in that."""

    def __post_init__(self) -> None:
        require_range("version", self.version, 0, MAX_VERSION)
        self.checks(self.out)
        self.preparation(self.out)
        if self.version and self.label:
            raise UsageError("--version and --label are both given; expected one of them, or none.")
        if not _SITE.fullmatch(self.site_name):
            raise UsageError(
                "The site has no name to go by; expected letters, digits, dots, dashes and underscores, 64 "
                "at "
                "most, as in --site oslo."
            )

    def checks(self, out: Path) -> ValidateConfig:
        """How validate is asked to look at the study.

        Raises:
            UsageError: a number that validate does not take.
        """
        return ValidateConfig(
            data=self.data,
            layout=self.layout,
            limits=self.limits,
            register=self.register,
            brain_mask=self.brain_mask,
            brain_command=self.brain_command,
            brain_timeout_s=self.brain_timeout_s,
            out=out,
            prefer=self.prefer,
            enhancing_label=self.enhancing_label,
            max_dropped_share=self.max_dropped_share,
            workers=self.workers,
        )

    def preparation(self, out: Path) -> PreprocessConfig:
        """How preprocess is asked to prepare it.

        Raises:
            UsageError: a number that preprocess does not take.
        """
        return PreprocessConfig(
            data=self.data,
            layout=self.layout,
            out=out,
            register=self.register,
            brain_mask=self.brain_mask,
            brain_command=self.brain_command,
            brain_timeout_s=self.brain_timeout_s,
            workers=self.workers,
        )

    @property
    def site_name(self) -> str:
        """What the site is called."""
        return self.site or self.data.resolve().name
