"""The whole of validate: from a folder of images to decisions and a report."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.config import ValidateConfig
from cbvsynth.extraction import BrainSettings
from cbvsynth.quality.data_docs import place_data_docs
from cbvsynth.quality.expectations import Checker
from cbvsynth.quality.limits import read_limits
from cbvsynth.quality.outcome import Outcome, judge, require_enough
from cbvsynth.quality.report import write_outputs
from cbvsynth.quality.study_tails import with_study_tails
from cbvsynth.quality.suites import Finding, check_images, check_manifest, check_measurements
from cbvsynth.quality.survey import survey_study
from cbvsynth.study.manifest import load_manifest, record_manifest


def validate_study(config: ValidateConfig) -> Outcome:
    """Check a study and write everything that validate leaves behind.

    Great Expectations' Data Docs hold time stamps and go to a folder beside `config.out`, so that the
    files of `config.out` depend on the study and the limits alone.

    Raises:
        UsageError: the limits are wrong, or the program that finds a brain cannot be run.
        ManifestError: the study is not recognised, or its list of examinations is wrong.
        UnitError: CBV maps of different units are mixed.
        QualityError: more was dropped than allowed; the report is written all the same.
        StorageError: there is no room in the temporary folder, where Data Docs are built.
    """
    in_use = read_limits(config.limits)
    limits = in_use.limits
    manifest = load_manifest(config.data, config.layout, config.prefer, config.enhancing_label)
    findings = [Finding("", "manifest", None, text) for text in manifest.warnings]
    with TemporaryDirectory() as scratch:
        checker = Checker(Path(scratch) / "data_docs")
        findings += check_manifest(checker, manifest.examinations, limits)
        brain = BrainSettings(config.brain_mask, config.brain_command, config.brain_timeout_s)
        surveys = with_study_tails(
            manifest.examinations,
            survey_study(config.data, manifest.examinations, config.workers, config.register, brain),
        )
        findings += check_images(checker, surveys)
        findings += check_measurements(checker, surveys, limits)
        place_data_docs(Path(scratch) / "data_docs", data_docs_folder(config.out))
    outcome = judge(manifest.examinations, surveys, findings)
    write_outputs(config.out, manifest, outcome, in_use)
    record_manifest(config.out, manifest)
    if manifest.left_out:
        what = f"left out of the list of examinations: {len(manifest.left_out)}"
        print(f"{what}; the report says what and why", file=sys.stderr)
    for sentence in in_use.sentences():
        print(sentence, file=sys.stderr)
    require_enough(outcome.flow, config.max_dropped_share, str(config.out / "report.html"))
    return outcome


def data_docs_folder(out: Path) -> Path:
    """Where Great Expectations' Data Docs go: beside the step's folder."""
    return out.parent / "data_docs"
