"""`cbvsynth score`: a registered version on a study from elsewhere."""

from __future__ import annotations

from typing import Annotated

import tyro

from cbvsynth.external.options import ScoreOptions


def score(options: Annotated[ScoreOptions, tyro.conf.arg(name="")]) -> None:
    """Score a registered version on another study: same checks and guards, by site and scanner, with drift.

    cbvsynth score --version 3 --data SITE

    A study in another unit is refused, and one that the version learned from. That a guard fails is a result:
    the command ends well, and page and registry say so.

    Args:
        options: What to score, and where the results go.
    """
    from cbvsynth.domain.wording import counted
    from cbvsynth.external.score import score_site
    from cbvsynth.pages.verdict_words import check_line

    result, page = score_site(options)
    print(
        f"version {result.version} ({result.model}) on {result.site}: "
        f"{counted(result.scored, 'examination')} of {counted(result.patients, 'patient')}, "
        f"{'every guard holds' if result.passes else 'fails ' + ', '.join(result.failed)}"
    )
    for check in result.checks:
        print(f"  {check_line(check)}")
    if result.drifted:
        print(f"drift: {'; '.join(result.drifted)}")
    for note in result.notes:
        print(f"note: {note}")
    print(f"report: {page}")
