"""The plan of a reader study is blind and whole; its analysis has R's known answers."""

from collections import Counter

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem, analyse_ratings, plan_comparison, plan_study
from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED
from cbvsynth.errors import DataError
from tests.domain.statistics.test_agreement import READER_1, READER_2

EXAMINATIONS = [(f"e{number}", f"p{number // 2}") for number in range(12)]


def plan(seed=1, readers=("A", "B")):
    return plan_study(EXAMINATIONS, readers, np.random.default_rng(seed))


def test_every_reader_sees_every_map_once_in_an_order_of_their_own():
    items = plan()
    for reader in "AB":
        own = [item for item in items if item.reader == reader]
        assert [item.position for item in own] == list(range(1, 25))
        assert Counter((item.exam_id, item.kind) for item in own) == Counter(
            (name, kind) for name, _ in EXAMINATIONS for kind in MapKind
        )
    orders = [[(item.exam_id, item.kind) for item in items if item.reader == reader] for reader in "AB"]
    assert orders[0] != orders[1]
    assert len({item.code for item in items}) == 48


def test_the_two_maps_of_an_examination_lie_in_different_halves():
    for seed in range(20):
        for reader in "AB":
            own = [item.exam_id for item in plan(seed) if item.reader == reader]
            assert sorted(own[:12]) == sorted(own[12:]) == sorted(name for name, _ in EXAMINATIONS)


def test_the_kind_cannot_be_told_from_the_position():
    firsts = [item.kind for seed in range(200) for item in plan(seed, ("A",))[:12]]
    assert firsts.count(MapKind.REAL) / len(firsts) == pytest.approx(0.5, abs=0.05)


def test_a_seed_gives_its_plan_again_and_another_seed_another():
    assert plan(5) == plan(5)
    assert [item.code for item in plan(5)] != [item.code for item in plan(6)]


def test_against_the_truth_every_reader_sees_every_synthetic_map_once():
    items = plan_comparison(EXAMINATIONS, ("A", "B"), np.random.default_rng(1))
    for reader in "AB":
        own = [item for item in items if item.reader == reader]
        assert [item.position for item in own] == list(range(1, 13))
        assert sorted((item.exam_id, item.subject_id) for item in own) == sorted(EXAMINATIONS)
    assert {item.kind for item in items} == {MapKind.SYNTHETIC}
    assert len({item.code for item in items}) == 24
    assert [item.exam_id for item in items[:12]] != [item.exam_id for item in items[12:]]


@pytest.mark.parametrize(
    ("examinations", "readers"), [([], ["A"]), (EXAMINATIONS, []), (EXAMINATIONS, ["A", "A"])]
)
def test_a_plan_of_nothing_is_refused(examinations, readers):
    with pytest.raises(DataError, match="expected each once"):
        plan_study(examinations, readers, np.random.default_rng(1))
    with pytest.raises(DataError, match="expected each once"):
        plan_comparison(examinations, readers, np.random.default_rng(1))


def item(reader, number, kind=MapKind.SYNTHETIC):
    return StudyItem(reader, number, f"{reader}{kind}{number}", f"e{number}", f"p{number}", kind)


def study(first, second, kind=MapKind.SYNTHETIC):
    """Two readers who give the same score on every criterion."""
    items = [item(reader, number, kind) for reader in "AB" for number in range(len(first))]
    scores = {"A": first, "B": second}
    ratings = [
        Rating(
            one.reader,
            one.code,
            {criterion.key: scores[one.reader][one.position] for criterion in BLINDED.criteria},
        )
        for one in items
    ]
    return items, ratings


def test_agreement_is_the_known_answer_of_r():
    result = analyse_ratings(*study(READER_1, READER_2), apart=2)
    for row in result.distributions:
        assert row.agreement == pytest.approx(0.9, abs=1e-9)
        assert row.counts == (0, 3, 9, 12)
        assert row.mean == pytest.approx(np.mean(READER_1 + READER_2), abs=1e-12)


def test_the_papers_distribution_has_the_papers_mean():
    """27 examinations scored 1, 224 scored 2, 505 scored 3: 2.632."""
    scores = [1] * 27 + [2] * 224 + [3] * 505
    result = analyse_ratings(*study(scores, scores), apart=1)
    assert result.distributions[0].counts == (0, 2 * 27, 2 * 224, 2 * 505)
    assert result.distributions[0].mean == pytest.approx(2.632, abs=5e-4)
    assert result.distributions[0].agreement == 1
    assert result.consensus == ()


@pytest.mark.parametrize(("apart", "expected"), [(1, ["e2", "e1"]), (2, ["e2"]), (3, [])])
def test_readers_who_lie_apart_must_discuss_the_furthest_first(apart, expected):
    result = analyse_ratings(*study([3, 3, 3], [3, 2, 1]), apart=apart)
    assert [row.exam_id for row in result.consensus if row.criterion is BLINDED.criteria[0]] == expected


def test_real_is_compared_with_synthetic_by_patient():
    items, ratings = study([3, 3, 2, 3, 3, 3], [3, 3, 3, 3, 3, 3], MapKind.REAL)
    more_items, more_ratings = study([2, 2, 2, 1, 2, 2], [2, 2, 2, 2, 2, 2])
    result = analyse_ratings([*items, *more_items], [*ratings, *more_ratings], apart=2)
    for test in result.real_against_synthetic.values():
        assert (test.pairs, test.zeros, test.p_value) == (6, 0, 2 / 64)
        assert test.median_difference == 1.0
    assert [row.kind for row in result.distributions[:2]] == list(MapKind)


def test_the_papers_criteria_are_scored_like_ours_without_real_maps_to_compare_with():
    items = plan_comparison(EXAMINATIONS, ("A", "B"), np.random.default_rng(1))
    ratings = [
        Rating(one.reader, one.code, {"distribution": 3, "degree": one.reader == "A", "border": 2})
        for one in items
    ]
    result = analyse_ratings(items, ratings, apart=1, form=AGAINST_TRUTH)
    assert [row.criterion.key for row in result.distributions] == ["distribution", "degree", "border"]
    assert [row.mean for row in result.distributions] == [3, 0.5, 2]
    assert result.real_against_synthetic == {}
    assert {row.criterion.key for row in result.consensus} == {"degree"}
    assert result.scored[0].scores == {"distribution": (3, 3), "degree": (1, 0), "border": (2, 2)}


def test_maps_that_a_reader_left_out_are_counted_and_left_out():
    items, ratings = study([3, 3, 3], [3, 3, 2])
    result = analyse_ratings(items, ratings[:-1], apart=2)
    assert (result.maps, result.left_out) == (2, 1)


def test_scores_that_do_not_belong_together_are_refused():
    items, ratings = study([3, 3], [2, 2])
    with pytest.raises(DataError, match="two or more"):
        analyse_ratings(items, ratings[:2], apart=2)
    with pytest.raises(DataError, match="not in the key"):
        analyse_ratings(items[1:], ratings, apart=2)
    with pytest.raises(DataError, match="twice"):
        analyse_ratings(items, [*ratings, ratings[0]], apart=2)
    with pytest.raises(DataError, match="No map was scored by all"):
        analyse_ratings(items, [ratings[0], ratings[3]], apart=2)
