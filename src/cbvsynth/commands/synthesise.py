"""`cbvsynth synthesise`: the synthetic maps of the cached examinations, for the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def synthesise(  # noqa: PLR0913  # each is a flag
    *,
    model: str = "",
    results: Path = Path("artifacts/train"),
    examinations: Path = Path("artifacts/preprocess"),
    evaluate: Path = Path("artifacts/evaluate"),
    split: Literal["held-out", "train", "all"] = "held-out",
    out: Path = Path("artifacts/maps"),
) -> None:
    """Make the synthetic map of every cached examination with one trained model, and measure it.

    'cbvsynth report' and 'cbvsynth reader-study make' show these maps. To make maps as NIfTI from images,
    use 'cbvsynth predict'.

    Args:
        model: Which of the trained models, as in encdec-t1-t1c-adc; by default the one that the last
            verdict names, or the best by SSIM where none passed.
        results: Results of train, a folder per model.
        examinations: Cached examinations.
        evaluate: Folder that evaluate wrote; asked for the model when none is named.
        split: Which examinations. Maps of train are of examinations that the model has learned from.
        out: Folder for the maps.
    """
    from cbvsynth.domain.sequences import ModelId
    from cbvsynth.domain.wording import counted
    from cbvsynth.records.examinations import read_index
    from cbvsynth.records.verdicts import read_verdict
    from cbvsynth.synthesis.maps import make_maps

    index = read_index(examinations)
    chosen = ModelId.parse(model).slug if model else read_verdict(evaluate / "verdict.json").shown_model
    wanted = index.examinations if split == "all" else index.of_split(split)
    made = make_maps(results / chosen, index, wanted, out)
    print(f"{out}: {counted(len(made.examinations), 'map')} of {made.model}, {made.target_unit}")
    if len(made.examinations) < len(wanted):
        lacking = len(wanted) - len(made.examinations)
        print(
            f"{counted(lacking, 'examination')} {'lacks' if lacking == 1 else 'lack'} a sequence that the "
            "model "
            "reads"
        )
