"""`cbvsynth report`: a finished run as pages, with costs and one page for every examination."""

from __future__ import annotations

import os
from pathlib import Path

_OTHERS = (
    ("evaluate/report.html", "report of evaluate: leaderboard, Table 2"),
    ("validate/report.html", "report of validate"),
    ("cohort/table1.html", "Table 1: the cohort"),
    ("clinical/clinical.html", "clinical tables"),
    ("../reader-study/results/results.html", "reader study"),
)


def report(artifacts: Path = Path("artifacts"), out: Path = Path("artifacts/report")) -> None:
    """Write a finished run as HTML pages that need no network.

    The first page holds SSIM by sequences, agreement in lesions, what each model cost with its Pareto
    fronts, and a table of the examinations; each examination that has a synthetic map ('cbvsynth
    synthesise' makes them) has a page of its own with montage, lesion table and checks. Unlike evaluate's
    report, these pages are not an output of the pipeline, for they tell training times.

    Args:
        artifacts: Folder of the run's results.
        out: Folder for the pages; replaced as a whole.
    """
    from cbvsynth.domain.selection.leaderboard import restrict
    from cbvsynth.domain.wording import counted
    from cbvsynth.errors import ResultError, UsageError
    from cbvsynth.evaluation.sweep import read_judged
    from cbvsynth.pages.image_checks import read_checks
    from cbvsynth.pages.run_page import INDEX_PAGE, RunInputs, model_costs, write_run
    from cbvsynth.pages.tables.leaderboard import read_leaderboard
    from cbvsynth.records.examinations import read_index
    from cbvsynth.records.maps import INDEX_FILE, read_map_index, read_measures
    from cbvsynth.records.storage import atomic_folder
    from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, read_uncertainty
    from cbvsynth.records.verdicts import read_verdict

    if out.exists() and any(out.iterdir()) and not (out / INDEX_PAGE).is_file():
        raise UsageError(f"{out} is not a report and would be replaced; give another --out.")
    verdict = read_verdict(artifacts / "evaluate" / "verdict.json")
    results, maps_root = artifacts / "train", artifacts / "maps"
    models = read_judged(results, verdict)
    scores = {model.slug: judged for model, judged in restrict(models).items()}
    index = read_index(artifacts / "preprocess")
    maps = read_map_index(maps_root) if (maps_root / INDEX_FILE).is_file() else None
    if maps and maps.data_fingerprint != index.data_fingerprint:
        raise ResultError(
            f"The maps in {maps_root} are of other data than {artifacts / 'preprocess'}. Run 'cbvsynth "
            "synthesise' again."
        )
    shown = maps.model if maps else verdict.shown_model
    run = RunInputs(
        verdict=verdict,
        scores=scores,
        shown_scores=next((one.scores for one in models if one.model.slug == shown), ()),
        baselines=read_leaderboard(artifacts / "evaluate" / "leaderboard.csv")[1],
        costs=model_costs(verdict, scores, results, artifacts / "checkpoints"),
        index=index,
        maps_root=maps_root,
        maps=maps,
        measures=read_measures(maps_root) if maps else {},
        checks=read_checks(artifacts / "validate"),
        others=[
            (Path(os.path.relpath(artifacts / place, out)).as_posix(), text)
            for place, text in _OTHERS
            if (artifacts / place).is_file()
        ],
        uncertainty=read_uncertainty(results / maps.model / UNCERTAINTY_FILE) if maps else (),
    )
    with atomic_folder(out) as folder:
        pages = write_run(folder, run)
    print(
        counted(pages, "page")
        + ("" if maps else "; for one of each examination run 'cbvsynth synthesise' first")
    )
    print(f"report: {out / INDEX_PAGE}")
