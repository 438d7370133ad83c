"""What readers settled on is told apart from what each of them scored first."""

import math

import pytest

from cbvsynth.domain.consensus import final_scores
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem, analyse_ratings
from cbvsynth.domain.reading_forms import AGAINST_TRUTH
from cbvsynth.errors import DataError

SYNTHETIC = MapKind.SYNTHETIC


def study(*scores):
    """One pair of first scores for each examination, the same of every criterion."""
    items = [
        StudyItem(reader, place, f"{reader}{place}", f"e{place}", f"p{place}", SYNTHETIC)
        for reader in "AB"
        for place in range(len(scores))
    ]
    ratings = [
        Rating(
            one.reader,
            one.code,
            {key.key: scores[one.position]["AB".index(one.reader)] for key in AGAINST_TRUTH.criteria},
        )
        for one in items
    ]
    return analyse_ratings(items, ratings, apart=1, form=AGAINST_TRUTH)


def test_equal_first_scores_stand_and_others_are_what_was_settled_or_open():
    result = study((3, 3), (2, 3), (0, 3), (1, 2))
    agreed = {("e1", SYNTHETIC, "degree"): 3, ("e2", SYNTHETIC, "degree"): 1}
    distribution, degree, _border = final_scores(result, agreed)
    assert degree.counts == (0, 1, 0, 2)
    assert (degree.discussed, degree.unsettled, degree.mean) == (2, 1, pytest.approx(7 / 3))
    assert (distribution.counts, distribution.unsettled) == ((0, 0, 0, 1), 3)
    assert result.distributions[1].counts == (1, 1, 2, 4), "first scores stay as they were"


def test_nothing_settled_has_no_mean():
    (row, *_) = final_scores(study((1, 2)), {})
    assert math.isnan(row.mean)


@pytest.mark.parametrize(
    ("place", "score", "message"),
    [
        (("e1", SYNTHETIC, "degree"), 4, "consensus of 4; expected 0 to 3"),
        (("e0", SYNTHETIC, "degree"), 2, "did not differ"),
        (("e9", SYNTHETIC, "degree"), 2, "did not differ"),
        (("e1", MapKind.REAL, "degree"), 2, "did not differ"),
        (("e1", SYNTHETIC, "lesion"), 2, "did not differ"),
    ],
)
def test_a_consensus_on_nothing_is_refused(place, score, message):
    with pytest.raises(DataError, match=message):
        final_scores(study((3, 3), (2, 3)), {place: score})
