"""Table 1: who is counted where, and tests equal to R's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cbvsynth.domain.cohort import APPROXIMATE, EXCLUDED, FOUND, INCLUDED, Visit, describe_cohort
from cbvsynth.domain.splits import HELD_OUT, TRAIN


def visit(patient: str, split: str, session: str = "1", **traits: object) -> Visit:
    values: dict[str, object] = {"age": 50.0, "sex": "F", "diagnosis": "glioma", **traits}
    return Visit(f"{patient}-{session}", patient, session, split=split, **values)  # type: ignore[arg-type]


def side(split: str, column: str, values: Sequence[object]) -> list[Visit]:
    return [visit(f"{split}{place}", split, **{column: value}) for place, value in enumerate(values)]


def test_everybody_is_counted_with_and_without_exclusions() -> None:
    found = describe_cohort(
        [visit("a", TRAIN), visit("a", TRAIN, "2"), visit("b", HELD_OUT), visit("c", ""), visit("b", "", "2")]
    )
    assert found.examinations == {FOUND: 5, EXCLUDED: 2, INCLUDED: 3, TRAIN: 2, HELD_OUT: 1}
    assert found.patients == {FOUND: 3, EXCLUDED: 2, INCLUDED: 2, TRAIN: 1, HELD_OUT: 1}
    assert found.examinations_per_patient[FOUND].mean == pytest.approx(5 / 3)
    assert found.examinations_per_patient[TRAIN].high == 2


def test_a_patient_is_as_old_as_at_the_first_examination_of_the_column() -> None:
    found = describe_cohort(
        [visit("a", TRAIN, "2", age=61.0), visit("a", "", "1", age=60.0), visit("b", HELD_OUT)]
    )
    assert (found.age[FOUND].high, found.age[TRAIN].mean) == (60.0, 61.0)


def test_what_is_missing_is_counted_and_words_for_sex_are_understood() -> None:
    sexes = ["F", "female", " f", "M", "man", "", "", "X-1"]
    found = describe_cohort(side(TRAIN, "sex", sexes) + side(HELD_OUT, "age", [None, 40.0]))
    assert found.sex[TRAIN] == {"female": 3, "male": 2, "other": 1, "missing": 2}
    assert list(found.sex[FOUND])[-1] == "missing"
    assert (found.age[HELD_OUT].patients, found.age[HELD_OUT].sd) == (1, None)
    assert describe_cohort(side(TRAIN, "diagnosis", ["glioma", ""])).diagnosis[TRAIN]["missing"] == 1


def test_ages_are_compared_as_r_does() -> None:
    """R 4.2.2: t.test(c(61,58,70,45,66,72,39), c(55,49,68,30,41))$p.value."""
    rows = side(TRAIN, "age", [61.0, 58, 70, 45, 66, 72, 39]) + side(HELD_OUT, "age", [55.0, 49, 68, 30, 41])
    found = describe_cohort(rows).differences["age"]
    assert (found.test, found.p_value) == ("Welch", pytest.approx(0.239919149597104, abs=1e-9))


def test_examinations_per_patient_are_compared_as_r_does() -> None:
    """R 4.2.2: wilcox.test(c(1,1,2,3,1,2,1), c(2,2,3,1,2), exact=FALSE)$p.value."""
    rows = [
        visit(f"{split}{place}", split, str(session))
        for split, counts in ((TRAIN, (1, 1, 2, 3, 1, 2, 1)), (HELD_OUT, (2, 2, 3, 1, 2)))
        for place, count in enumerate(counts)
        for session in range(count)
    ]
    found = describe_cohort(rows).differences["examinations_per_patient"]
    assert found.p_value == pytest.approx(0.334522246718934, abs=1e-9)


def test_sexes_are_compared_as_r_does() -> None:
    """R 4.2.2: fisher.test(matrix(c(8,2,3,9),2))$p.value; those who are missing take no part."""
    rows = side(TRAIN, "sex", ["F"] * 8 + ["M"] * 2 + [""] * 5) + side(HELD_OUT, "sex", ["F"] * 3 + ["M"] * 9)
    found = describe_cohort(rows).differences["sex"]
    assert (found.test, found.p_value) == ("Fisher", pytest.approx(0.0299731228523797, abs=1e-9))


@pytest.mark.parametrize(("third", "note"), [((9, 11), ""), ((1, 2), APPROXIMATE)])
def test_diagnoses_are_compared_as_r_does(third: tuple[int, int], note: str) -> None:
    """R 4.2.2: chisq.test(matrix(c(12,7,9,3,8,11),3), correct=FALSE)$p.value."""
    rows = side(TRAIN, "diagnosis", ["a"] * 12 + ["b"] * 7 + ["c"] * third[0])
    rows += side(HELD_OUT, "diagnosis", ["a"] * 3 + ["b"] * 8 + ["c"] * third[1])
    found = describe_cohort(rows).differences["diagnosis"]
    assert found.note == note
    if not note:
        assert found.p_value == pytest.approx(0.0813113474636289, abs=1e-9)


def test_a_patient_on_both_sides_leaves_no_test() -> None:
    found = describe_cohort([*side(TRAIN, "age", [1.0, 2, 3]), *side(HELD_OUT, "age", [4.0, 5, 6])])
    assert "age" in found.differences
    both = describe_cohort([visit("a", TRAIN), visit("a", HELD_OUT, "2"), *side(TRAIN, "age", [1.0, 2, 3])])
    assert (both.patients_on_both_sides, both.differences) == (1, {})


def test_what_does_not_vary_or_is_not_there_is_not_tested() -> None:
    found = describe_cohort([*side(TRAIN, "age", [50.0, 50]), *side(HELD_OUT, "age", [50.0, 50])])
    assert found.differences == {}
    assert describe_cohort([]).differences == {}
    assert describe_cohort([]).age[FOUND].mean is None
