"""Forms of a reader study: keys and titles by which tables are told apart."""

from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED, FORMS, POINTS


def test_every_form_has_three_criteria_and_a_word_for_each_point():
    for form in FORMS:
        assert (len(form.criteria), len(form.scale)) == (3, POINTS)


def test_tables_are_told_apart_by_their_criteria():
    for names in zip(*[(one.key, one.title) for form in FORMS for one in form.criteria], strict=True):
        assert len(set(names)) == len(names)


def test_the_second_form_has_the_papers_criteria_and_ends_of_its_scale():
    assert [one.key for one in AGAINST_TRUTH.criteria] == ["distribution", "degree", "border"]
    assert (AGAINST_TRUTH.scale[0], AGAINST_TRUTH.scale[3]) == ("very poor", "very good")
    assert "real" not in " ".join(BLINDED.columns).lower(), "a blinded page must not tell"
