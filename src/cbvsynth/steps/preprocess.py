"""Step preprocess: accepted examinations to arrays on one grid, and the split of the patients."""

from __future__ import annotations

import sys

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.wording import counted
from cbvsynth.phantom.receipt import origin_of
from cbvsynth.preprocessing.study import PreprocessSummary, preprocess_study


def run(config: PreprocessConfig) -> PreprocessSummary:
    """Preprocess a study and say in a few lines what came of it.

    Raises:
        CbvsynthError: as `preprocess_study`.
    """
    summary = preprocess_study(config, origin_of(config.data))
    split = summary.report.split
    print(
        f"{counted(len(summary.index.examinations), 'examination')}: {summary.recomputed} prepared, "
        f"{summary.unchanged} unchanged, {len(summary.removed)} removed; CBV in {summary.report.target_unit}"
    )
    print(
        f"train {counted(split.train_examinations, 'examination')} of "
        f"{counted(split.train_patients, 'patient')}, held out "
        f"{split.held_out_examinations} of {split.held_out_patients} ({split.held_out_share:.1%}, wanted "
        f"{config.held_out_share:.0%}); patients on both sides: {split.patients_in_both}"
    )
    for warning in summary.report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"report: {config.out / 'report.md'}")
    return summary
