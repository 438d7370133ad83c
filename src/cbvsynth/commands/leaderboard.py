"""`cbvsynth leaderboard`: the models of the last evaluation, best first."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.commands.answers import AsJson, print_json


def leaderboard(
    evaluate: Path = Path("artifacts/evaluate"), sort_by: str = "select_by", top: int = 0, json: AsJson = 0
) -> None:
    """Show how the models of a sweep scored, best first, and the trivial maps they must beat.

    Args:
        evaluate: Folder that evaluate wrote.
        sort_by: Column to rank by, as named in leaderboard.csv without _mean; select_by is the column
            that the verdict used.
        top: Show the best of this number only; 0 shows all.
        json: Print it as JSON: SSIM as a share of 1, lesion columns in the target unit, PSNR in dB.
    """
    from cbvsynth.domain.ranges import require_range
    from cbvsynth.domain.selection.leaderboard import rerank
    from cbvsynth.pages.tables.leaderboard import leaderboard_text, read_leaderboard
    from cbvsynth.records.json_codec import to_json
    from cbvsynth.records.verdicts import read_verdict

    require_range("top", top, 0, 1_000_000)
    verdict = read_verdict(evaluate / "verdict.json")
    rows, baselines = read_leaderboard(evaluate / "leaderboard.csv")
    column = verdict.settings.select_by if sort_by == "select_by" else sort_by
    ranked = rerank(rows, column)
    if json:
        print_json(
            {
                "sorted_by": column,
                "target_unit": verdict.target_unit,
                "models": [to_json(row) for row in ranked[: top or None]],
                "baselines": [to_json(row) for row in baselines],
            }
        )
        return
    print(leaderboard_text(ranked[: top or None], baselines, column, verdict.target_unit))
    for row in ranked[: top or None]:
        if row.model in verdict.failed_guards:
            print(f"{row.model} failed {', '.join(verdict.failed_guards[row.model])}")
    print(f"\nverdict: {verdict.text}")
