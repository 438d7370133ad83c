"""Preprocess as a Kubeflow task: stop a study that failed its checks, prepare any other once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cbvsynth.config import PreprocessConfig
from cbvsynth.errors import QualityError
from cbvsynth.kubeflow.tasks.artifacts import show_markdown
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest
from cbvsynth.kubeflow.tasks.workspace import REFUSAL_FILE, write_handover
from cbvsynth.records.examinations import read_index


def run_task(given: Mapping[str, Any], examinations_path: str, report_path: str) -> None:
    """Prepare the arrays of a checked study, unless they exist, and tell later tasks where they are.

    Raises:
        QualityError: validate dropped too much of the study.
        CbvsynthError: as the step.
    """
    from cbvsynth.preprocessing import PREPROCESSING_VERSION

    workspace = Path(given["workspace"])
    checked = workspace / "validate" / given["study"]
    if (checked / REFUSAL_FILE).is_file():
        raise QualityError((checked / REFUSAL_FILE).read_text(encoding="utf-8").strip())
    config = config_from(
        PreprocessConfig,
        given,
        data=Path(given["data"]),
        examinations=checked / "examinations.csv",
        out=workspace,
    )
    prepared = short_digest(
        {
            "study": given["study"],
            "version": PREPROCESSING_VERSION,
            "settings": plain_settings(config, without=frozenset({"workers"})),
        }
    )
    folder = workspace / "preprocess" / prepared
    if (folder / "index.json").is_file():
        print(f"{len(read_index(folder).examinations)} examinations were prepared already, by an earlier run")
    else:
        from dataclasses import replace

        from cbvsynth.steps.preprocess import run

        run(replace(config, out=folder))
    show_markdown(report_path, (folder / "report.md").read_text(encoding="utf-8"))
    write_handover(
        examinations_path,
        {"folder": f"preprocess/{prepared}", "data_fingerprint": read_index(folder).data_fingerprint},
    )
