"""`cbvsynth tour`: what a finished run has left, and where to look next."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.domain.selection.records import Standing
from cbvsynth.records.verdicts import read_verdict

_PLACES = (
    ("report/index.html", "the run: costs, lesions, a page for every examination"),
    ("validate/report.html", "which examinations were dropped, and why"),
    ("evaluate/report.html", "leaderboard, Table 2 beside the paper's, pictures"),
    ("evaluate/montage.png", "T1C, real CBV, synthetic CBV, difference"),
    ("evaluate/table2.png", "all trained models in the form of the paper's Table 2"),
    ("evaluate/verdict.json", "the decision with every number it rests on"),
    ("promote/model_cards", "what each registered model is for, how good, and where it ends"),
    ("clinical/clinical.html", "does synthetic CBV help to decide? (tables and ROC curves)"),
    ("clinical/prognosis/prognosis.html", "does CBV tell prognosis? (curves and Cox models)"),
)
_COMMANDS = (
    ("cbvsynth leaderboard", "the models from best to worst"),
    ("cbvsynth verdict --check", "decide again from the stored tables"),
    ("cbvsynth sweep status", "what each model cost"),
    ("cbvsynth registry list", "versions, champion, best model by available sequences"),
    ("make serve", "the champion behind a prediction server, asked for one map"),
    ("cbvsynth report", "the run as pages, after 'cbvsynth synthesise'"),
    ("cbvsynth clinical simulate", "the paper's clinical tables on new phantom patients"),
    ("cbvsynth reader-study make", "blinded pages for readers"),
    ("mlflow ui", "the registry in a browser"),
    ("make sweep", "the paper's 62 models"),
)


def tour(artifacts: Path = Path("artifacts")) -> None:
    """Sum up a finished run: the best models, the champion, and where to look next.

    Args:
        artifacts: Folder of the run's results.
    """
    # Jinja and the tables come with these words: imported where they are needed, for `--help`'s sake.
    from cbvsynth.pages.verdict_words import availability_text, unserved_lines

    verdict = read_verdict(artifacts / "evaluate" / "verdict.json")
    print(f"{verdict.models} models, scored on {verdict.examinations} held-out examinations ", end="")
    print(f"of {verdict.patients} patients:")
    for standing in verdict.leaders[:5]:
        print(f"  {standing.rank}. {standing.model:<28} SSIM {_percent(standing)} %")
    print("", verdict.text, availability_text(verdict), sep="\n")
    for line in unserved_lines(verdict):
        print(f"  {line}")
    print("\nLook at:")
    for place, meaning in _PLACES:
        if (artifacts / place).exists():
            print(f"  {artifacts / place!s:<36} {meaning}")
    print("\nGo on with:")
    for command, meaning in _COMMANDS:
        print(f"  {command:<36} {meaning}")


def _percent(standing: Standing) -> str:
    mean, sd = standing.select_by_mean, standing.select_by_sd
    return "n/a" if mean is None or sd is None else f"{100 * mean:.2f} ± {100 * sd:.2f}"
