"""`cbvsynth verdict`: what the gate decided and why, and whether the stored tables still say so."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.commands.answers import AsJson, print_json
from cbvsynth.entrypoint import Plain


def verdict(
    evaluate: Path = Path("artifacts/evaluate"),
    results: Path = Path("artifacts/train"),
    check: Plain = 0,
    json: AsJson = 0,
) -> None:
    """Show the last verdict: the decision, every check, and what was refused.

    Args:
        evaluate: Folder that evaluate wrote.
        results: Results of train, a folder per model; read by --check only.
        check: Compute the verdict again from the stored tables instead; the exit code is 1 when it
            differs.
        json: Print the stored verdict as JSON.

    Raises:
        ResultError: the verdict that the tables give now is not the stored one.
    """
    from cbvsynth.pages.verdict_words import verdict_text
    from cbvsynth.records.verdicts import read_verdict, verdict_record

    if check:
        _check(evaluate, results)
    else:
        stored = read_verdict(evaluate / "verdict.json")
        if json:
            print_json(verdict_record(stored))
        else:
            print(verdict_text(stored))


def _check(evaluate: Path, results: Path) -> None:
    from cbvsynth.domain.wording import counted
    from cbvsynth.errors import ResultError
    from cbvsynth.evaluation.recompute import evaluate_again, verdict_differences

    stored, again = evaluate_again(evaluate, results)
    differences = verdict_differences(stored, again.verdict)
    if differences:
        shown = "\n".join(f"  {line}" for line in differences[:20])
        more = f"\n  ... and {len(differences) - 20} more" if len(differences) > 20 else ""
        places = counted(len(differences), "place")
        raise ResultError(
            f"The verdict computed again differs from the stored one in {places}:\n"
            f"{shown}{more}\nThe tables, the settings or the program changed since. Run evaluate again."
        )
    print(f"equal: the tables of {stored.models} models give the stored verdict again ({stored.outcome})")
