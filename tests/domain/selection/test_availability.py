"""The best passing model among those whose sequences are all usable."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.selection.availability import champions_by_availability
from cbvsynth.domain.selection.leaderboard import rank_models
from cbvsynth.domain.sequences import Combination, ModelId, all_combinations, all_models
from cbvsynth.pages.tables.paper import paper_table2


def paper_winners() -> dict[Combination, ModelId]:
    means = {model: entry.mean_pct for model, entry in paper_table2().items()}
    return champions_by_availability(rank_models(means), all_models())


def test_on_the_papers_table_19_of_62_models_serve_all_31_patterns():
    winners = paper_winners()
    assert len(winners) == 31
    assert len(set(winners.values())) == 19


def test_on_the_papers_table_the_rule_beats_the_exact_set_in_12_patterns():
    means = {model: entry.mean_pct for model, entry in paper_table2().items()}
    better = 0
    for pattern, winner in paper_winners().items():
        exact = max(mean for model, mean in means.items() if model.combination == pattern)
        assert means[winner] >= exact
        better += means[winner] > exact
    assert better == 12


def test_on_the_papers_table_the_known_winners_win():
    winners = {pattern.slug: model.slug for pattern, model in paper_winners().items()}
    assert winners["t1-t2-t1c-flair-adc"] == "encdec-t1-t1c-adc"
    assert winners["t1-t2-t1c-flair"] == "encdec-t2-t1c"
    assert winners["t1-t2-flair-adc"] == "encdec-t2-flair-adc"


@given(st.randoms(use_true_random=False), st.sets(st.sampled_from(all_models())))
def test_winners_agree_with_a_search_over_all_models(random: Random, passing: set[ModelId]):
    means = {model: random.choice([0.1, 0.2, 0.3]) for model in all_models()}
    ranked = rank_models(means)
    winners = champions_by_availability(ranked, passing)
    for pattern in all_combinations():
        usable = [model for model in passing if set(model.combination.sequences) <= set(pattern.sequences)]
        if not usable:
            assert pattern not in winners
            continue
        best = min(usable, key=lambda model: (-means[model], len(model.combination.sequences), model.slug))
        assert winners[pattern] == best


def test_more_sequences_never_make_the_winner_worse():
    rng = np.random.default_rng(5)
    means = {model: float(rng.uniform()) for model in all_models()}
    winners = champions_by_availability(rank_models(means), all_models())
    for smaller in all_combinations():
        for larger in all_combinations():
            if smaller.usable_with(larger.sequences):
                assert means[winners[larger]] >= means[winners[smaller]]


def test_patterns_that_no_passing_model_can_serve_are_absent():
    only = ModelId.parse("encdec-t1c-adc")
    winners = champions_by_availability([only], [only])
    assert set(winners.values()) == {only}
    assert len(winners) == 8
    assert Combination.parse("t1-t2-flair-adc") not in winners
