"""A verdict and what belongs to it, in words and rows for people."""

from __future__ import annotations

from collections.abc import Mapping

from cbvsynth.domain.selection.records import Check, Outcome, Standing, Verdict
from cbvsynth.domain.sequences import Combination, ModelId, patterns_like
from cbvsynth.domain.wording import counted
from cbvsynth.pages.tables.formats import DASH, number, p_phrase
from cbvsynth.signature import RESEARCH_NOTE

SIGNS = {True: "✓", False: "✗", None: DASH}
"""Passed, failed, could not be assessed."""

_TONES = {Outcome.PROMOTE: "good", Outcome.NO_MODEL_PASSES: "bad", Outcome.NOT_COMPARABLE: "bad"}


def check_line(check: Check) -> str:
    """One check with its sign."""
    return f"{SIGNS[check.passed]} {check.name}: {check.text}"


def verdict_text(verdict: Verdict) -> str:
    """The verdict for a terminal: the sentence, every check, what was refused, what to bear in mind."""
    lines = [f"Verdict: {verdict.outcome}", verdict.text]
    if verdict.candidate is not None:
        lines += ["", f"Candidate {verdict.candidate.model}:"]
        lines += [f"  {check_line(check)}" for check in all_checks(verdict)]
    if verdict.refused:
        lines += ["", f"Refused although {'ranked higher' if verdict.candidate else 'best by SSIM'}:"]
        lines += [f"  {refusal_line(standing)}" for standing in verdict.refused[:5]]
        if len(verdict.refused) > 5:
            lines.append(f"  ... and {len(verdict.refused) - 5} more")
    lines += ["", availability_text(verdict), *(f"  {line}" for line in unserved_lines(verdict))]
    lines += [stability_text(verdict), optimism_text(verdict), RESEARCH_NOTE]
    return "\n".join(lines)


def all_checks(verdict: Verdict) -> tuple[Check, ...]:
    """The candidate's own checks, then those against the present champion."""
    own = verdict.candidate.checks if verdict.candidate else ()
    return own + (verdict.champion.checks if verdict.champion else ())


def refusal_line(standing: Standing) -> str:
    """A model that failed, and why."""
    return f"{standing.rank}. {standing.model}: {refusal_reasons(standing)}"


def refusal_reasons(standing: Standing) -> str:
    """The failed checks of a model in short; their text, with units, is in verdict.json."""
    failed = [check for check in standing.checks if check.passed is False]
    return "; ".join(
        f"{check.name} {_bounded(check.found)}{_interval(check)}, limit {_bounded(check.limit)}"
        for check in failed
    )


def _interval(check: Check) -> str:
    """What is held against the limit where there is one: an end may lie beyond it, the estimate within."""
    if check.low is None or check.high is None:
        return ""
    return f" ({_bounded(check.low)} to {_bounded(check.high)})"


def _bounded(value: float | None) -> str:
    return DASH if value is None else f"{value:.4g}"


def availability_text(verdict: Verdict) -> str:
    """How many of the patterns, 31 or with ASL 63, are served, and by how many models."""
    winners = verdict.champions_by_availability
    patterns = len(patterns_like(winners))
    without = patterns - len(winners)
    models = len(set(winners.values()))
    serve = "serves" if models == 1 else "serve"
    served = f"{serve} {len(winners)} of the {patterns} patterns"
    text = f"By available sequences: {counted(models, 'model')} {served}."
    if without:
        text += f" For {counted(without, 'pattern')} no model of this sweep passes the guards."
    return text


def availability_rows(verdict: Verdict) -> list[tuple[Combination, ModelId | None]]:
    """Every pattern with its model, or None, in the paper's order of combinations."""
    winners = verdict.champions_by_availability
    return [
        (pattern, ModelId.parse(winners[pattern.slug]) if pattern.slug in winners else None)
        for pattern in patterns_like(winners)
    ]


def availability_cells(verdict: Verdict) -> list[tuple[str, str]]:
    """For a table: every pattern with its model, or why it has none. What guards failed is another table."""
    cells = []
    for pattern, model in availability_rows(verdict):
        told = model.label if model else f"none: {_NO_MODEL}"
        if model is None and (able := _refused_for(verdict, pattern)):
            told = f"none: {able[0]} fails {counted(len(verdict.failed_guards[able[0]]), 'guard')}"
        cells.append((pattern.label, told))
    return cells


def unserved_lines(verdict: Verdict) -> list[str]:
    """The patterns without a champion, a line for each reason; none where every pattern has one."""
    without: dict[str, list[str]] = {}
    for pattern, model in availability_rows(verdict):
        if model is None:
            without.setdefault(_why_none(verdict, pattern), []).append(pattern.slug)
    return [f"{', '.join(slugs)}: {reason}" for reason, slugs in without.items()]


_NO_MODEL = "each model of this sweep needs another sequence"


def _why_none(verdict: Verdict, pattern: Combination) -> str:
    """Of the models that could have served a pattern, the best and what it failed."""
    able = _refused_for(verdict, pattern)
    if not able:
        return _NO_MODEL
    best = f"{able[0]} fails {', '.join(verdict.failed_guards[able[0]])}"
    return best if len(able) == 1 else f"{best}; {counted(len(able) - 1, 'more model')} failed, too"


def _refused_for(verdict: Verdict, pattern: Combination) -> list[str]:
    """The refused models whose sequences are all in a pattern, best first."""
    return [
        model
        for model in verdict.failed_guards
        if ModelId.parse(model).combination.usable_with(pattern.sequences)
    ]


def verdict_tone(verdict: Verdict) -> str:
    """How a page frames the verdict: as good, bad or plain news."""
    return _TONES.get(verdict.outcome, "plain")


def optimism_text(verdict: Verdict) -> str:
    """The reminder that the best of many is chosen and scored on the same examinations."""
    if verdict.models < 2:
        return "One model only: nothing was selected."
    return (
        f"The best of {verdict.models} models was chosen on the same {verdict.examinations} examinations "
        f"that score it; for that, its mean SSIM is too high by about {100 * verdict.optimism:z.2f} points "
        "(bootstrap by patient)."
    )


def stability_text(verdict: Verdict) -> str:
    """How far the verdict depends on which patients were held out."""
    found = verdict.stability
    if found.no_winner is None:
        return "How far the verdict depends on the split is not known: one patient only is held out."
    drawn = f"Drawing the {verdict.patients} held-out patients again {found.draws} times and asking again, "
    others = ", ".join(f"{model} in {_share(share)}" for model, share in found.rivals.items())
    none = f"no model is within the limits in {_share(found.no_winner)}"
    if found.same_winner is None:
        return f"{drawn}{none}{f'; {others} would win' if others else ''}."
    chosen = f"the same model wins in {_share(found.same_winner)}"
    return f"{drawn}{chosen}, {f'{others}, ' if others else ''}{none}."


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def loosened_text(verdict: Verdict) -> str:
    """What was let through that this release would stop, loudly; empty where no limit is looser."""
    if not verdict.loosened:
        return ""
    return (
        f"LOOSENED GATE: {'; '.join(verdict.loosened)}. What passes here need not pass by the limits of this "
        "release."
    )


def guards_cell(verdict: Verdict, model: str) -> str:
    """For a table: the guards that a model failed, or that it passes."""
    failed = verdict.failed_guards.get(model, ())
    return ", ".join(failed) if failed else "passes"


def not_trained_text(not_trained: Mapping[str, str], ranked: int) -> str:
    """How much of the sweep is missing from the tables; empty when nothing is."""
    if not not_trained:
        return ""
    count, total = len(not_trained), len(not_trained) + ranked
    them = "it" if count == 1 else "them"
    return (
        f"{count} of the {total} models of this sweep could not be trained; the tables and the "
        f"verdict leave {them} out."
    )


def champion_text(verdict: Verdict) -> str:
    """The comparison with the present champion in a sentence."""
    champion = verdict.champion
    if champion is None:
        return "There is no present champion."
    name = f"version {champion.version} ({champion.model})"
    if champion.mean_difference is None or champion.p_value is None:
        return f"Present champion: {name}; no numbers were compared."
    return (
        f"Present champion: {name}. Candidate minus champion over {champion.patients} patients: "
        f"{100 * champion.mean_difference:+.2f} points of SSIM (95 % confidence interval "
        f"{number(_percent(champion.confidence_low), 2, signed=True)} to "
        f"{number(_percent(champion.confidence_high), 2, signed=True)}), one-sided Wilcoxon "
        f"{p_phrase(champion.p_value)}."
    )


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
