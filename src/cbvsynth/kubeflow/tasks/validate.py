"""Validate as a Kubeflow task: the step, the name of the study's folder, the report.

A study that fails does not fail the task: Kubeflow keeps what a task wrote only if it succeeds, and a study
that fails is the one whose report people need. The refusal is stored, and preprocess stops the run with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cbvsynth.config import ValidateConfig
from cbvsynth.errors import QualityError
from cbvsynth.kubeflow.tasks.artifacts import NumbersArtifact, show_file, show_markdown, show_numbers
from cbvsynth.kubeflow.tasks.guard import deferred_output
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest
from cbvsynth.kubeflow.tasks.workspace import REFUSAL_FILE, keep, scratch_folder
from cbvsynth.records.storage import sha256_of, write_text


def run_task(
    given: Mapping[str, Any], report_path: str, flow_chart_path: str, counts: NumbersArtifact
) -> str:
    """Check the study and return the name of its folder in the workspace, which stands for its content.

    Raises:
        CbvsynthError: as the step, but for a study of which too much was dropped.
    """
    from cbvsynth.steps.validate import run

    workspace = Path(given["workspace"])
    with scratch_folder(workspace) as scratch:
        config = config_from(
            ValidateConfig,
            given,
            data=Path(given["data"]),
            limits=Path(given["limits"]),
            out=scratch / "validate",
        )
        refusal = ""
        with deferred_output(config.out) as output:
            try:
                run(config)
            except QualityError as error:
                refusal = str(error).replace(str(config.out / "report.html"), "the report of the data checks")
                write_text(config.out / REFUSAL_FILE, refusal + "\n")
                print(f"Too much was dropped; the next task stops the run: {refusal}")
            study = _study_digest(config)
            output.final_folder = workspace / "validate" / study
        _show(config.out, refusal, report_path, flow_chart_path, counts)
        keep(config.out, output.final_folder)
        keep(scratch / "data_docs", workspace / "data_docs" / study)
    return study


def _show(
    folder: Path, refusal: str, report_path: str, flow_chart_path: str, counts: NumbersArtifact
) -> None:
    import json

    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    show_file(report_path, folder / "report.html")
    stopped = f"> **The run stops here.** {refusal}\n\n" if refusal else ""
    show_markdown(flow_chart_path, stopped + (folder / "report.md").read_text(encoding="utf-8"))
    names = ("examinations_found", "examinations_accepted", "examinations_dropped", "patients_accepted")
    show_numbers(counts, {name: summary[name] for name in names})


def _study_digest(config: ValidateConfig) -> str:
    """Digest of the accepted examinations' files, all decisions, the limits, the settings and the maker."""
    from cbvsynth.phantom.receipt import origin_of
    from cbvsynth.preprocessing.fingerprint import examination_fingerprint
    from cbvsynth.records.decisions import read_decisions
    from cbvsynth.study.manifest import recorded_manifest

    decisions = config.out / "examinations.csv"
    accepted = {one.exam_id for one in read_decisions(decisions) if one.accepted}
    examinations = recorded_manifest(config.out, config.data, config.layout)
    return short_digest(
        {
            "files": {
                one.exam_id: examination_fingerprint(config.data, one)
                for one in examinations
                if one.exam_id in accepted
            },
            "decisions": sha256_of(decisions),
            "limits": sha256_of(config.limits),
            "settings": plain_settings(config, without=frozenset({"workers"})),
            "made_by": origin_of(config.data).made_by,
        }
    )
